package strategies

import "github.com/ponder-mesh/ponder/services/planner/search"

// A parameter formats and parses one field of a strategy. describe makes a parameter from a
// field[S], and only the field knows the type S.
type parameter struct {
	name, summary string
	format        func(s search.Strategy) string
	parse         func(s search.Strategy, text string) (search.Strategy, error)
}

// A field points to one field of a strategy of type S.
type field[S search.Strategy] struct {
	name, summary string
	of            func(*S) any // returns a *int, *float64, *bool or *search.Final
}

// describe returns the kind of strategies of type S.
func describe[S search.Strategy](defaults func(n int) S, summary, source string, fields []field[S]) kind {
	var zero S
	k := kind{
		name: zero.Name(), summary: summary, source: source,
		defaults: func(n int) search.Strategy { return defaults(n) },
		is:       func(s search.Strategy) bool { _, ok := s.(S); return ok },
	}
	for _, f := range fields {
		k.parameters = append(k.parameters, parameter{
			name: f.name, summary: f.summary,
			format: func(s search.Strategy) string {
				v := s.(S)
				return format(f.of(&v))
			},
			parse: func(s search.Strategy, text string) (search.Strategy, error) {
				v := s.(S)
				return v, k.invalid(f.name, text, parse(f.of(&v), text))
			},
		})
	}
	return k
}
