package calibrate

import (
	"fmt"
	"math/rand/v2"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A trial holds the tallies of a cross-validation at one budget.
type trial struct {
	adaptive     tally // strategies by bin
	uniform      tally // one strategy for all problems
	withoutReuse tally // strategies by bin that do not reuse the estimate's samples
	chosen       tally // strategies by bin where the training half decided so, otherwise one strategy for all
}

// margin is the largest loss of accuracy, at the low end of the interval, at which cheaper strategies by bin
// are still preferred: one percentage point.
const margin = 0.01

// beats reports whether strategies by bin beat one strategy for all, and why. They do if the whole 95 %
// interval of the difference in accuracy is above 0; or if it is above −margin, and the whole interval of the
// difference in tokens is below 0.
func beats(accuracy, tokens stats.Interval) (adaptive bool, why string) {
	points := fmt.Sprintf("%+.1f points [%+.1f, %+.1f], %+.0f tokens [%+.0f, %+.0f] against one strategy for all",
		100*accuracy.Mean, 100*accuracy.Low, 100*accuracy.High, tokens.Mean, tokens.Low, tokens.High)
	switch {
	case accuracy.Low > 0:
		return true, "by difficulty, as it is more accurate: " + points
	case accuracy.Low > -margin && tokens.High < 0:
		return true, "by difficulty, as it is cheaper and at most one point less accurate: " + points
	}
	return false, "the same for all, as choosing by difficulty did not beat it: " + points
}

// trials runs 2-fold cross-validations on the given problems: the choices of each half are measured on the
// other half. If nested is true, each half also decides by trials of its own whether to choose by bin, so
// that the tally chosen measures the whole procedure.
func (g *Grid) trials(problems []int, o Options, repetitions int, nested bool, random *rand.Rand) []trial {
	all := make([]trial, len(o.Budgets))
	for b := range all {
		n := len(g.Problems)
		all[b] = trial{newTally(n), newTally(n), newTally(n), newTally(n)}
	}
	weight := 1 / float64(repetitions)
	for range repetitions {
		order := make([]int, len(problems))
		for i, j := range random.Perm(len(problems)) {
			order[i] = problems[j]
		}
		half := len(order) / 2
		for _, fold := range [2][2][]int{{order[:half], order[half:]}, {order[half:], order[:half]}} {
			scheme, choices := g.choose(fold[0], o)
			decisions := make([]bool, len(choices))
			if nested {
				for b, t := range g.trials(fold[0], o, repetitions, false, random) {
					decisions[b], _ = t.decide(choices[b], fold[0])
				}
			}
			for b, c := range choices {
				g.test(all[b], c, scheme, decisions[b], fold[1], weight)
			}
		}
	}
	return all
}

// test adds the results of a choice on held-out problems to the trial.
func (g *Grid) test(t trial, c choice, s difficulty.Scheme, adaptive bool, problems []int, weight float64) {
	for _, i := range problems {
		t.uniform.add(i, g.Plain[c.uniform], weight)
		if c.rows == nil {
			t.adaptive.add(i, g.Plain[c.uniform], weight)
			t.withoutReuse.add(i, g.Plain[c.uniform], weight)
			t.chosen.add(i, g.Plain[c.uniform], weight)
			continue
		}
		row := g.After[c.rows[s.Bin(g.Rates[i])]]
		t.adaptive.add(i, row, weight)
		if p := find(g.Plain, row.Arm); p >= 0 {
			t.withoutReuse.add(i, g.Plain[p], weight)
			t.withoutReuse.cost[i] = t.withoutReuse.cost[i].Add(g.Estimate[i].Times(weight))
		} else {
			t.withoutReuse.add(i, row, weight)
		}
		if adaptive {
			t.chosen.add(i, row, weight)
		} else {
			t.chosen.add(i, g.Plain[c.uniform], weight)
		}
	}
}

// decide reports whether to choose by bin, and why.
func (t trial) decide(c choice, problems []int) (bool, string) {
	if c.rows == nil {
		return false, "the same for all, as an estimate of difficulty alone costs more than the budget"
	}
	return beats(t.differences(problems))
}

// differences returns adaptive − uniform, in accuracy and in tokens, with intervals. It ignores the errors of
// PairedBootstrap, which fails only for lists of different lengths.
func (t trial) differences(problems []int) (accuracy, tokens stats.Interval) {
	accuracy, _ = stats.PairedBootstrap(pick(t.adaptive.right, problems), pick(t.uniform.right, problems), 1)
	tokens, _ = stats.PairedBootstrap(t.adaptive.tokens(problems), t.uniform.tokens(problems), 1)
	return accuracy, tokens
}
