package calibrate

import (
	"fmt"
	"math/rand/v2"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// A tally is what a way to choose did, problem by problem, on problems that it was not
// made by: the mean over repetitions.
type tally struct {
	right []float64
	cost  []bench.Cost
}

func newTally(n int) tally { return tally{make([]float64, n), make([]bench.Cost, n)} }

func (t tally) add(i int, c Column, times float64) {
	t.right[i] += times * c.Right[i]
	t.cost[i] = t.cost[i].Add(c.Cost[i].Times(times))
}

// tokens returns the generated tokens of some problems.
func (t tally) tokens(on []int) (xs []float64) {
	for _, i := range on {
		xs = append(xs, t.cost[i].Generated)
	}
	return xs
}

// outcome returns the means over some problems.
func (t tally) outcome(on []int) profile.Outcome {
	var sum bench.Cost
	for _, i := range on {
		sum = sum.Add(t.cost[i])
	}
	sum = sum.Times(1 / float64(max(1, len(on))))
	return profile.Outcome{
		Accuracy:  stats.Bootstrap(pick(t.right, on), 1),
		Generated: sum.Generated, Verifier: sum.Verifier, FLOPs: sum.FLOPs, VerifierFLOPs: sum.VerifierFLOPs,
	}
}

// A trial is what choosing by bins, and for all alike, did at one budget.
type trial struct{ adaptive, uniform, again, chosen tally }

// margin is how much less accurate binning may be, at the end of its interval, where it
// is cheaper: a point.
const margin = 0.01

// decided reports whether binning beat one strategy for all, and why: more accurate beyond
// the interval; or cheaper beyond the interval, and not a point less accurate.
func decided(accuracy, tokens stats.Interval) (adaptive bool, why string) {
	points := fmt.Sprintf("%+.1f points [%+.1f, %+.1f], %+.0f tokens [%+.0f, %+.0f] against one strategy for all",
		100*accuracy.Mean, 100*accuracy.Low, 100*accuracy.High, tokens.Mean, tokens.Low, tokens.High)
	switch {
	case accuracy.Low > 0:
		return true, "by difficulty, as it is more accurate: " + points
	case accuracy.Low > -margin && tokens.High < 0:
		return true, "by difficulty, as it is cheaper and no less accurate: " + points
	}
	return false, "the same for all, as choosing by difficulty did not beat it: " + points
}

// trials runs 2-fold cross-validations on some problems: each half is measured with
// what the other chose. deep says to let each half also decide, by trials of its own,
// whether it wants bins at all: what chosen tallies is then the whole procedure.
func (g *Grid) trials(on []int, o Options, repetitions int, deep bool, chance *rand.Rand) []trial {
	all := make([]trial, len(o.Budgets))
	for b := range all {
		n := len(g.Problems)
		all[b] = trial{newTally(n), newTally(n), newTally(n), newTally(n)}
	}
	times := 1 / float64(repetitions)
	for range repetitions {
		order := make([]int, len(on))
		for i, j := range chance.Perm(len(on)) {
			order[i] = on[j]
		}
		half := len(order) / 2
		for _, fold := range [2][2][]int{{order[:half], order[half:]}, {order[half:], order[:half]}} {
			scheme, choices := g.choose(fold[0], o)
			decisions := make([]bool, len(choices))
			if deep {
				for b, t := range g.trials(fold[0], o, repetitions, false, chance) {
					decisions[b], _ = t.decide(choices[b], fold[0])
				}
			}
			for b, c := range choices {
				g.test(all[b], c, scheme, decisions[b], fold[1], times)
			}
		}
	}
	return all
}

// test tallies a choice on problems that it was not made by.
func (g *Grid) test(t trial, c choice, s difficulty.Scheme, adaptive bool, on []int, times float64) {
	for _, i := range on {
		t.uniform.add(i, g.Plain[c.uniform], times)
		if c.rows == nil {
			t.adaptive.add(i, g.Plain[c.uniform], times)
			t.again.add(i, g.Plain[c.uniform], times)
			t.chosen.add(i, g.Plain[c.uniform], times)
			continue
		}
		row := g.After[c.rows[s.Bin(g.Rates[i])]]
		t.adaptive.add(i, row, times)
		if p := find(g.Plain, row.Arm); p >= 0 {
			t.again.add(i, g.Plain[p], times)
			t.again.cost[i] = t.again.cost[i].Add(g.Estimate[i].Times(times))
		} else {
			t.again.add(i, row, times)
		}
		if adaptive {
			t.chosen.add(i, row, times)
		} else {
			t.chosen.add(i, g.Plain[c.uniform], times)
		}
	}
}

// decide reports whether a choice goes by bins, and why.
func (t trial) decide(c choice, on []int) (bool, string) {
	if c.rows == nil {
		return false, "the same for all, as an estimate of difficulty alone costs more than the budget"
	}
	return decided(t.differences(on))
}

// differences returns adaptive − uniform in accuracy and tokens. Lists of one length cannot
// fail to be paired.
func (t trial) differences(on []int) (accuracy, tokens stats.Interval) {
	accuracy, _ = stats.PairedBootstrap(pick(t.adaptive.right, on), pick(t.uniform.right, on), 1)
	tokens, _ = stats.PairedBootstrap(t.adaptive.tokens(on), t.uniform.tokens(on), 1)
	return accuracy, tokens
}
