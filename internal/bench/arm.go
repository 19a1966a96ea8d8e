package bench

import (
	"fmt"
	"slices"
	"strings"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An Arm is one way to search.
type Arm struct {
	Name     string // "beam", or with parameters that are not the papers': "beam:narrow=true"
	N        int    // samples, beams, walks …
	Strategy *plannerv1.Strategy
}

func (a Arm) String() string { return fmt.Sprintf("%s %d", a.Name, a.N) }

// Arms are the strategies of these names with each N; greedy has but one. A name may
// have parameters, as plannerrpc.ParseStrategy takes them, each after a colon.
func Arms(names []string, ns []int) ([]Arm, error) {
	var arms []Arm
	for _, name := range names {
		if name == "greedy" {
			s, err := plannerrpc.ParseStrategy(name, nil)
			if err != nil {
				return nil, err
			}
			arms = append(arms, Arm{name, 1, s})
			continue
		}
		for _, n := range ns {
			if n < 1 || n > search.MaxN {
				return nil, reasoning.Invalid("n", "must be 1 to %d, is %d", search.MaxN, n)
			}
			s, err := strategy(name, n)
			if err != nil {
				return nil, err
			}
			arms = append(arms, Arm{name, n, s})
		}
	}
	if len(arms) == 0 {
		return nil, reasoning.Invalid("arms", "there are none: some strategies, and an n where they need one")
	}
	return arms, nil
}

// strategy is an arm's. A majority that stops while samples are on their way costs what
// happened to be written by then: unless it goes by waves it takes all of them here.
func strategy(name string, n int) (*plannerv1.Strategy, error) {
	kind, rest, _ := strings.Cut(name, ":")
	parameters := []string{fmt.Sprintf("n=%d", n)}
	if rest != "" {
		parameters = append(parameters, strings.Split(rest, ":")...)
	}
	if kind == "majority" && !slices.ContainsFunc(parameters, func(p string) bool { return strings.HasPrefix(p, "wave=") }) {
		parameters = append(parameters, "exhaustive=true")
	}
	return plannerrpc.ParseStrategy(kind, parameters)
}
