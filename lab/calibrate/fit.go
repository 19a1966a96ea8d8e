package calibrate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// Options of a fit.
type Options struct {
	Budgets     []int  // in whole samples, ascending
	Bins        string // "quantiles-5" (Snell) or "absolute" (Liu)
	Repetitions int    // of the cross-validation, with other halves; 0 is 10
	Seed        uint64 // of the halves
}

// Validate returns a *reasoning.InvalidError for the first rule that o breaks.
func (o Options) Validate() error {
	switch {
	case len(o.Budgets) == 0:
		return reasoning.Invalid("budgets", "there must be one at least")
	case !slices.IsSorted(o.Budgets) || len(slices.Compact(slices.Clone(o.Budgets))) != len(o.Budgets) ||
		o.Budgets[0] < 1:
		return reasoning.Invalid("budgets", "must ascend from 1 or more, are %v", o.Budgets)
	case o.Bins != "absolute" && o.quantiles() == 0:
		return reasoning.Invalid("bins", "%q must be absolute or quantiles-N with N of 2 to 10", o.Bins)
	}
	return nil
}

// quantiles returns how many bins of one size are wanted, 0 if others are.
func (o Options) quantiles() (n int) {
	if k, err := fmt.Sscanf(o.Bins, "quantiles-%d", &n); err != nil || k != 1 || n < 2 || n > 10 {
		return 0
	}
	return n
}

func (o Options) scheme(rates []float64) difficulty.Scheme {
	if n := o.quantiles(); n > 0 {
		return difficulty.Quantiles(n, rates)
	}
	return difficulty.Absolute
}

// Fit returns the part of a profile that follows from a grid: budgets, bins, arms. Describe
// fills in the models that it belongs to.
func (g *Grid) Fit(o Options) (*profile.Profile, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(g.Problems) < MinProblems {
		return nil, reasoning.Invalid("problems", "must be %d or more, are %d: halves of bins would be empty",
			MinProblems, len(g.Problems))
	}
	if o.Repetitions == 0 {
		o.Repetitions = 10
	}
	on := make([]int, len(g.Problems))
	for i := range on {
		on[i] = i
	}
	scheme, choices := g.choose(on, o)
	p := &profile.Profile{Format: profile.Format, Scheme: scheme}
	bins := g.binned(scheme, on)
	expected, _ := g.expect(bins)
	for b, problems := range bins {
		bin := profile.Bin{Label: scheme.Label(b), Problems: len(problems)}
		for a, c := range g.After {
			bin.Arms = append(bin.Arms, c.arm(problems, expected[b][a]))
		}
		p.Bins = append(p.Bins, bin)
	}
	for _, c := range g.Plain {
		right, _ := c.mean(on)
		p.All = append(p.All, c.arm(on, right))
	}
	trials := g.trials(on, o, o.Repetitions, true, rand.New(rand.NewPCG(o.Seed, 0)))
	for b, c := range choices {
		t := trials[b]
		right, _ := g.Plain[c.uniform].mean(on)
		budget := profile.Budget{N: o.Budgets[b], Tokens: c.limit, Uniform: g.Plain[c.uniform].arm(on, right)}
		budget.Adaptive, budget.Why = t.decide(c, on)
		for bin, row := range c.rows {
			budget.Rows = append(budget.Rows, g.After[row].arm(bins[bin], expected[bin][row]))
		}
		m := profile.Trial{Adaptive: t.adaptive.outcome(on), Uniform: t.uniform.outcome(on),
			WithoutReuse: t.again.outcome(on), Chosen: t.chosen.outcome(on)}
		m.Difference, m.TokensSaved = t.differences(on)
		budget.Measured = m
		p.Budgets = append(p.Budgets, budget)
	}
	return p, nil
}

// MinProblems of a fit: with fewer there is nothing to cross-validate.
const MinProblems = 20

// arm returns what a column did on some problems, as a profile has it.
func (c Column) arm(on []int, expected float64) profile.Arm {
	_, cost := c.mean(on)
	accuracy := stats.Interval{High: 1} // nothing is known
	if len(on) > 0 {
		accuracy = stats.Bootstrap(pick(c.Right, on), 1)
	}
	return profile.Arm{
		Strategy: c.Arm.Name(), N: c.Arm.N, Accuracy: accuracy, Expected: expected,
		Generated: cost.Generated, Verifier: cost.Verifier, FLOPs: cost.FLOPs,
	}
}
