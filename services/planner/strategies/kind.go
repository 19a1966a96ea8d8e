package strategies

import (
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A kind describes one type of strategy.
type kind struct {
	name, summary, source string
	parameters            []parameter                  // in the contract's order
	defaults              func(n int) search.Strategy  // returns the strategy with its defaults for n
	is                    func(s search.Strategy) bool // reports whether s is of this kind
}

// named returns the kind with this name.
func named(name string) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// index returns the index of the parameter with this name, -1 if there is none.
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

// parseN parses the value of the parameter named n.
func (k kind) parseN(text string) (n int, err error) {
	return n, k.invalid("n", text, parse(&n, text))
}

// invalid wraps an error of parse as an InvalidError on the parameter with this name; nil stays
// nil.
func (k kind) invalid(name, text string, err error) error {
	if err == nil {
		return nil
	}
	field := "strategy." + strings.ReplaceAll(k.name, "-", "_") + "." + name
	return reasoning.Invalid(field, "%q: %v", text, err)
}
