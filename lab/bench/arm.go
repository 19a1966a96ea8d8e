package bench

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// An Arm is one of the configurations that a bench compares, as in a controlled trial: a strategy, a
// planned search, or a difficulty estimate. Arms are comparable with ==.
type Arm struct {
	Kind      Kind
	N         int               // of the strategy or the estimate; for KindPlanned the budget in samples
	Strategy  search.Strategy   // for KindSearch and KindEstimated, with the arm's N; nil for other kinds
	HasChoice bool              // whether Choice is set; otherwise the planner picks the choice
	Choice    search.Choice     // of the answer
	Method    difficulty.Method // for KindDifficulty
}

// A Kind is a kind of arm.
type Kind int

const (
	KindSearch     Kind = iota // a search by Strategy; the zero Kind
	KindEstimated              // a difficulty estimate, then a search by Strategy that reuses the estimate's samples
	KindPlanned                // a search by the strategy that the planner picks
	KindDifficulty             // a difficulty estimate by Method from N samples, without a search
)

// Syntax of arm names.
const (
	plannedName      = "planned"
	estimatedPrefix  = "estimate+"
	difficultyPrefix = "difficulty:"
	choiceParameter  = "choice="
)

// ParseArm returns the arm with this name and N:
//
//	beam:narrow=true                a strategy in the syntax of strategies.Parse
//	majority:choice=certainty-vote  a strategy with a choice of the answer
//	estimate+beam                   a strategy after a difficulty estimate
//	planned                         the strategy that the planner picks
//	difficulty:oracle               a difficulty estimate by this method, without a search
func ParseArm(name string, n int) (a Arm, err error) {
	if n < 1 || n > search.MaxN {
		return a, reasoning.Invalid("n", "must be 1 to %d, is %d", search.MaxN, n)
	}
	if name == plannedName {
		return Arm{Kind: KindPlanned, N: n}, nil
	}
	if method, ok := strings.CutPrefix(name, difficultyPrefix); ok {
		a = Arm{Kind: KindDifficulty, N: n}
		a.Method, err = difficulty.ParseMethod(method)
		return a, err
	}
	a = Arm{Kind: KindSearch, N: n}
	name, estimated := strings.CutPrefix(name, estimatedPrefix)
	if estimated {
		a.Kind = KindEstimated
	}
	var parts []string
	for _, part := range strings.Split(name, ":") {
		choice, ok := strings.CutPrefix(part, choiceParameter)
		if !ok {
			parts = append(parts, part)
			continue
		}
		a.HasChoice = true
		if a.Choice, err = search.ParseChoice(choice); err != nil {
			return a, err
		}
	}
	a.Strategy, err = strategies.Parse(strings.Join(parts, ":"), n)
	return a, err
}

// Name returns the arm's name. ParseArm with the name and N returns the arm.
func (a Arm) Name() string {
	switch a.Kind {
	case KindPlanned:
		return plannedName
	case KindDifficulty:
		return difficultyPrefix + a.Method.String()
	}
	name, _ := strategies.Arm(a.Strategy)
	if a.HasChoice {
		name += ":" + choiceParameter + a.Choice.String()
	}
	if a.Kind == KindEstimated {
		name = estimatedPrefix + name
	}
	return name
}

// String returns the arm's name and N.
func (a Arm) String() string { return fmt.Sprintf("%s %d", a.Name(), a.N) }

// Greedy reports whether the arm's strategy is greedy. N is then 1.
func (a Arm) Greedy() bool { return a.Strategy == search.Greedy{} }

// HasDefaults reports whether the arm is planned, or a search with default parameters and the default choice,
// without a difficulty estimate.
func (a Arm) HasDefaults() bool {
	if a.Kind == KindPlanned {
		return true
	}
	return a.Kind == KindSearch && a.Name() == a.Strategy.Name()
}

// Estimated returns the arm with a difficulty estimate before its search.
func (a Arm) Estimated() Arm {
	if a.Kind == KindSearch {
		a.Kind = KindEstimated
	}
	return a
}

// Unestimated returns the arm without a difficulty estimate before its search.
func (a Arm) Unestimated() Arm {
	if a.Kind == KindEstimated {
		a.Kind = KindSearch
	}
	return a
}

// Arms returns an arm for each name and N; for greedy, one with N = 1.
func Arms(names []string, ns []int) (arms []Arm, err error) {
	for _, name := range names {
		values := ns
		if a, err := ParseArm(name, 1); err == nil && a.Greedy() {
			values = []int{1}
		}
		for _, n := range values {
			a, err := ParseArm(name, n)
			if err != nil {
				return nil, err
			}
			arms = append(arms, a)
		}
	}
	if len(arms) == 0 {
		return nil, reasoning.Invalid("arms", "must have at least one arm: pass --arms and, except for greedy, --n")
	}
	return arms, nil
}
