package bench

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// An Arm is one way to search, or to estimate difficulty.
type Arm struct {
	Name     string             // "beam", or with parameters that are not the papers': "beam:narrow=true"
	N        int                // samples, beams, walks …; of Planned the budget, in samples
	Strategy search.Strategy    // nil: the planner decides, or nothing is searched
	Choice   *search.Choice     // of the answer; nil: the planner's
	Estimate bool               // difficulty first
	Method   *difficulty.Method // nothing is searched: difficulty is estimated so
}

func (a Arm) String() string { return fmt.Sprintf("%s %d", a.Name, a.N) }

// Names of arms that are not only a strategy's.
const (
	Planned   = "planned"     // N is the budget, and the planner decides
	Estimated = "estimate+"   // before a strategy: difficulty is estimated first, and its samples are used
	OnlyHard  = "difficulty:" // before a method: difficulty is estimated by N samples, and that is all
)

// Arms are those of these names with each N; greedy has but one. The name of a strategy
// may have parameters, as strategies.Parse takes them, and how the answer is chosen:
// "majority:choice=certainty-vote".
func Arms(names []string, ns []int) ([]Arm, error) {
	var arms []Arm
	for _, name := range names {
		theirs := ns
		if strings.TrimPrefix(name, Estimated) == "greedy" {
			theirs = []int{1}
		}
		for _, n := range theirs {
			a, err := arm(name, n)
			if err != nil {
				return nil, err
			}
			arms = append(arms, a)
		}
	}
	if len(arms) == 0 {
		return nil, reasoning.Invalid("arms", "there are none: some strategies, and an n where they need one")
	}
	return arms, nil
}

func arm(name string, n int) (a Arm, err error) {
	a = Arm{Name: name, N: n}
	if n < 1 || n > search.MaxN {
		return a, reasoning.Invalid("n", "must be 1 to %d, is %d", search.MaxN, n)
	}
	if method, ok := strings.CutPrefix(name, OnlyHard); ok {
		m, err := difficulty.ParseMethod(method)
		a.Method = &m
		return a, err
	}
	if name == Planned {
		return a, nil
	}
	kind, estimated := strings.CutPrefix(name, Estimated)
	a.Estimate = estimated
	var parameters []string
	for _, p := range strings.Split(kind, ":") {
		if name, ok := strings.CutPrefix(p, "choice="); ok {
			choice, err := search.ParseChoice(name)
			if err != nil {
				return a, err
			}
			a.Choice = &choice
		} else {
			parameters = append(parameters, p)
		}
	}
	kind = strings.Join(parameters, ":")
	if a.Strategy, err = strategies.Parse(kind, n); err != nil {
		return a, err
	}
	a.Strategy = search.FixedCost(a.Strategy)
	return a, nil
}
