package calibrate

import (
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// A tally holds the accuracy and the costs of a choice by held-out problem, as means over repetitions.
type tally struct {
	right []float64
	cost  []bench.Cost
}

func newTally(n int) tally { return tally{make([]float64, n), make([]bench.Cost, n)} }

// add adds a column's result of problem i with a weight.
func (t tally) add(i int, c Column, weight float64) {
	t.right[i] += weight * c.Right[i]
	t.cost[i] = t.cost[i].Add(c.Cost[i].Times(weight))
}

// tokens returns the generated tokens of the given problems.
func (t tally) tokens(problems []int) (xs []float64) {
	for _, i := range problems {
		xs = append(xs, t.cost[i].Generated)
	}
	return xs
}

// outcome returns the means over the given problems.
func (t tally) outcome(problems []int) profile.Outcome {
	var sum bench.Cost
	for _, i := range problems {
		sum = sum.Add(t.cost[i])
	}
	sum = sum.Times(1 / float64(max(1, len(problems))))
	return profile.Outcome{
		Accuracy:  stats.Bootstrap(pick(t.right, problems), 1),
		Generated: sum.Generated, Verifier: sum.Verifier, FLOPs: sum.FLOPs, VerifierFLOPs: sum.VerifierFLOPs,
	}
}
