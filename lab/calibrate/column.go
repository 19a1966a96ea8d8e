package calibrate

import (
	"slices"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// A Column holds the accuracy and the costs of one arm by problem.
type Column struct {
	Arm   bench.Arm    // of KindSearch, also in Grid.After
	Right []float64    // share of seeds with a right answer
	Cost  []bench.Cost // mean over seeds
}

// find returns the index of an arm's column, or -1.
func find(columns []Column, a bench.Arm) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Arm == a })
}

// mean returns the arm's means over the given problems.
func (c Column) mean(problems []int) (right float64, cost bench.Cost) {
	for _, i := range problems {
		right += c.Right[i]
		cost = cost.Add(c.Cost[i])
	}
	k := 1 / float64(max(1, len(problems)))
	return k * right, cost.Times(k)
}

// arm returns the column's means over the given problems as a profile's Arm.
func (c Column) arm(problems []int, expected float64) profile.Arm {
	_, cost := c.mean(problems)
	accuracy := stats.Interval{High: 1} // unknown
	if len(problems) > 0 {
		accuracy = stats.Bootstrap(pick(c.Right, problems), 1)
	}
	return profile.Arm{
		Strategy: c.Arm.Name(), N: c.Arm.N, Accuracy: accuracy, Expected: expected,
		Generated: cost.Generated, Verifier: cost.Verifier, FLOPs: cost.FLOPs,
	}
}
