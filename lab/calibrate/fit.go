package calibrate

import (
	"math/rand/v2"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// Fit returns a profile with the budgets, bins and arms of the grid. Describe fills in the models.
func (g *Grid) Fit(o Options) (*profile.Profile, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(g.Problems) < MinProblems {
		return nil, reasoning.Invalid("problems", "must be %d or more, are %d: halves of bins would be empty; add problems",
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
		budget.Adaptive, budget.Reason = t.decide(c, on)
		for bin, row := range c.rows {
			budget.Rows = append(budget.Rows, g.After[row].arm(bins[bin], expected[bin][row]))
		}
		m := profile.Validation{Adaptive: t.adaptive.outcome(on), Uniform: t.uniform.outcome(on),
			WithoutReuse: t.withoutReuse.outcome(on), Chosen: t.chosen.outcome(on)}
		m.Difference, m.TokensSaved = t.differences(on)
		budget.Measured = m
		p.Budgets = append(p.Budgets, budget)
	}
	return p, nil
}

// MinProblems is the least number of problems of a fit: with fewer, halves of bins would be empty.
const MinProblems = 20
