// Package strategies converts strategies of package search to and from text such as
// "beam:narrow=true", and documents each strategy and its parameters.
//
// table.go is the only source of both. Defaults are those of search.NewBeam and the other
// constructors.
package strategies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// Names returns the names of all strategies.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// New returns the strategy with a name such as "best-of-n" and parameters such as
// "n=16". Omitted parameters have the defaults of the search constructors. New does not validate
// ranges: call Validate.
func New(name string, parameters ...string) (search.Strategy, error) {
	k, ok := named(strings.ReplaceAll(name, "_", "-"))
	if !ok {
		return nil, reasoning.Invalid("strategy", "%q must be one of %v", name, Names())
	}
	type setting struct {
		parameter
		text string
	}
	var settings []setting
	n := 0
	for _, p := range parameters {
		key, text, _ := strings.Cut(p, "=")
		i := k.index(strings.ReplaceAll(key, "-", "_"))
		if i < 0 && len(k.parameters) == 0 {
			return nil, reasoning.Invalid("strategy", "%s has no parameters: leave out %q", name, key)
		}
		if i < 0 {
			return nil, reasoning.Invalid("strategy", "%s has no parameter %q, only %v", name, key, k.parameterNames())
		}
		set := setting{k.parameters[i], text}
		if set.name == "n" { // the defaults of other parameters depend on it
			var err error
			if n, err = k.parseN(text); err != nil {
				return nil, err
			}
		}
		settings = append(settings, set)
	}
	s := k.defaults(n)
	for _, set := range settings {
		var err error
		if s, err = set.parse(s, set.text); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Parse returns the strategy of n samples with the name and the parameters in arm, each parameter
// after a colon, such as "beam:narrow=true". Benches compare arms. Greedy ignores n.
func Parse(arm string, n int) (search.Strategy, error) {
	name, rest, _ := strings.Cut(arm, ":")
	var parameters []string
	if name != (search.Greedy{}).Name() {
		parameters = append(parameters, fmt.Sprintf("n=%d", n))
	}
	if rest != "" {
		parameters = append(parameters, strings.Split(rest, ":")...)
	}
	return New(name, parameters...)
}

// Arm is the inverse of Parse. The arm omits parameters with their defaults.
func Arm(s search.Strategy) (arm string, n int) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.is(s) })
	if i < 0 {
		return s.Name(), s.Samples()
	}
	k := kinds[i]
	arm, n = k.name, 1
	if i := k.index("n"); i >= 0 {
		n, _ = strconv.Atoi(k.parameters[i].format(s))
	}
	defaults := k.defaults(n)
	for _, p := range k.parameters {
		if text := p.format(s); p.name != "n" && text != p.format(defaults) {
			arm += fmt.Sprintf(":%s=%s", p.name, text)
		}
	}
	return arm, n
}

// String formats a strategy for people: the arm and N, such as "beam:narrow=true 16"; "" for
// nil, and no N for greedy.
func String(s search.Strategy) string {
	switch s.(type) {
	case nil:
		return ""
	case search.Greedy:
		return s.Name()
	}
	arm, n := Arm(s)
	return fmt.Sprintf("%s %d", arm, n)
}
