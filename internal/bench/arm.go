package bench

import (
	"fmt"
	"maps"
	"slices"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An Arm is one way to search.
type Arm struct {
	Name     string // "beam"
	N        int    // samples, or beams
	Strategy *plannerv1.Strategy
}

func (a Arm) String() string { return fmt.Sprintf("%s %d", a.Name, a.N) }

// strategies makes each strategy that can be an arm, with its paper's parameters
// but for N.
var strategies = map[string]func(n int32) *plannerv1.Strategy{
	"greedy": func(int32) *plannerv1.Strategy {
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Greedy{Greedy: &plannerv1.Greedy{}}}
	},
	"majority": func(n int32) *plannerv1.Strategy {
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Majority{Majority: &plannerv1.Majority{N: n}}}
	},
	"best-of-n": func(n int32) *plannerv1.Strategy {
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: n}}}
	},
	"beam": func(n int32) *plannerv1.Strategy {
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{N: n}}}
	},
}

// Arms are the strategies of these names with each N; greedy has but one.
func Arms(names []string, ns []int) ([]Arm, error) {
	var arms []Arm
	for _, name := range names {
		strategy, ok := strategies[name]
		if !ok {
			return nil, reasoning.Invalid("arms", "%q must be one of %v", name, slices.Sorted(maps.Keys(strategies)))
		}
		if name == "greedy" {
			arms = append(arms, Arm{name, 1, strategy(1)})
			continue
		}
		for _, n := range ns {
			if n < 1 || n > search.MaxN {
				return nil, reasoning.Invalid("n", "must be 1 to %d, is %d", search.MaxN, n)
			}
			arms = append(arms, Arm{name, n, strategy(int32(n))})
		}
	}
	if len(arms) == 0 {
		return nil, reasoning.Invalid("arms", "there are none: some strategies, and an n where they need one")
	}
	return arms, nil
}
