package strategies

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A kind describes one type of strategy.
type kind struct {
	name, summary, source string
	parameters            []parameter                  // in the contract's order
	usual                 func(n int) search.Strategy  // returns the strategy with the paper's defaults
	is                    func(s search.Strategy) bool // reports whether s is of this kind
}

// A parameter reads and writes one field of a strategy as text.
type parameter struct {
	name, summary string
	format        func(s search.Strategy) string
	parse         func(s search.Strategy, text string) (search.Strategy, error)
}

// A field describes one field of a strategy of type S.
type field[S search.Strategy] struct {
	name, summary string
	of            func(*S) any // returns a *int, *float64, *bool or *search.Final
}

// describe returns the kind of strategies of type S.
func describe[S search.Strategy](usual func(n int) S, summary, source string, fields []field[S]) kind {
	var zero S
	k := kind{
		name: zero.Name(), summary: summary, source: source,
		usual: func(n int) search.Strategy { return usual(n) },
		is:    func(s search.Strategy) bool { _, ok := s.(S); return ok },
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

// named returns the kind with this name.
func named(name string) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// index returns the place of a parameter, -1 if there is none with this name.
func (k kind) index(name string) int {
	return slices.IndexFunc(k.parameters, func(p parameter) bool { return p.name == name })
}

func (k kind) parameterNames() []string {
	var names []string
	for _, p := range k.parameters {
		names = append(names, p.name)
	}
	return names
}

// parseN reads the value of parameter n.
func (k kind) parseN(text string) (n int, err error) {
	return n, k.invalid("n", text, parse(&n, text))
}

// invalid returns an InvalidError that names the parameter whose text err is about,
// nil if err is nil.
func (k kind) invalid(name, text string, err error) error {
	if err == nil {
		return nil
	}
	field := "strategy." + strings.ReplaceAll(k.name, "-", "_") + "." + name
	return reasoning.Invalid(field, "%q: %v", text, err)
}

// parse sets the value that to points to.
func parse(to any, text string) error {
	switch to := to.(type) {
	case *int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return errors.New("must be a whole number")
		}
		*to = int(n)
	case *float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("must be a number")
		}
		*to = f
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be true or false")
		}
		*to = b
	case *search.Final:
		i := slices.IndexFunc(search.Finals, func(f search.Final) bool { return f.String() == text })
		if i < 0 {
			return fmt.Errorf("must be one of %v", search.Finals)
		}
		*to = search.Finals[i]
	default:
		panic(fmt.Sprintf("strategies: a field of type %T", to)) // a test formats and parses all of them
	}
	return nil
}

// format returns the text that parse reads as the value that from points to.
func format(from any) string {
	switch from := from.(type) {
	case *int:
		return strconv.Itoa(*from)
	case *float64:
		return fmt.Sprint(*from)
	case *bool:
		return strconv.FormatBool(*from)
	case *search.Final:
		return from.String()
	}
	panic(fmt.Sprintf("strategies: a field of type %T", from))
}
