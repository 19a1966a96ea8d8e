package bench

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// An Arm is one way to search, or to estimate difficulty. Arms may be compared with ==.
type Arm struct {
	Kind     Kind
	N        int             // samples, beams, walks …; the budget in samples where the planner decides
	Strategy search.Strategy // of KindSearch and KindEstimated, with its N; else nil
	Choose   bool            // pick the answer by Choice; else the planner's choice does
	Choice   search.Choice
	Method   difficulty.Method // of KindDifficulty
}

// A Kind is what an arm does.
type Kind int

const (
	KindSearch     Kind = iota // searches by Strategy
	KindEstimated              // estimates difficulty, and then searches by Strategy, which uses the estimate's samples
	KindPlanned                // searches as the planner decides
	KindDifficulty             // estimates difficulty by Method and N samples, and searches nothing
)

// Parts of the names of arms.
const (
	plannedName      = "planned"
	estimatedPrefix  = "estimate+"
	difficultyPrefix = "difficulty:"
	choiceParameter  = "choice="
)

// ParseArm returns the arm with this name and N:
//
//	beam:narrow=true                a strategy as strategies.Parse takes it
//	majority:choice=certainty-vote  the same with a choice of the answer
//	estimate+beam                   the same after an estimate of difficulty
//	planned                         what the planner decides
//	difficulty:oracle               an estimate of difficulty by this method, and no search
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
		a.Choose = true
		if a.Choice, err = search.ParseChoice(choice); err != nil {
			return a, err
		}
	}
	a.Strategy, err = strategies.Parse(strings.Join(parts, ":"), n)
	return a, err
}

// Name returns the name from which ParseArm makes the arm.
func (a Arm) Name() string {
	switch a.Kind {
	case KindPlanned:
		return plannedName
	case KindDifficulty:
		return difficultyPrefix + a.Method.String()
	}
	name, _ := strategies.Arm(a.Strategy)
	if a.Choose {
		name += ":" + choiceParameter + a.Choice.String()
	}
	if a.Kind == KindEstimated {
		name = estimatedPrefix + name
	}
	return name
}

// String returns the arm as people read it: its name and N.
func (a Arm) String() string { return fmt.Sprintf("%s %d", a.Name(), a.N) }

// Greedy reports whether the arm searches by one sample at temperature 0, so that it has
// no other N.
func (a Arm) Greedy() bool { return a.Strategy == search.Greedy{} }

// Plain reports whether the arm is a strategy with its paper's parameters, or planned.
func (a Arm) Plain() bool {
	if a.Kind == KindPlanned {
		return true
	}
	return a.Kind == KindSearch && a.Name() == a.Strategy.Name()
}

// Estimated returns the same search after an estimate of difficulty.
func (a Arm) Estimated() Arm {
	if a.Kind == KindSearch {
		a.Kind = KindEstimated
	}
	return a
}

// Unestimated returns the same search without an estimate of difficulty before it.
func (a Arm) Unestimated() Arm {
	if a.Kind == KindEstimated {
		a.Kind = KindSearch
	}
	return a
}

// Arms returns the arms with these names and each N; greedy has but one.
func Arms(names []string, ns []int) (arms []Arm, err error) {
	for _, name := range names {
		of := ns
		if a, err := ParseArm(name, 1); err == nil && a.Greedy() {
			of = []int{1}
		}
		for _, n := range of {
			a, err := ParseArm(name, n)
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
