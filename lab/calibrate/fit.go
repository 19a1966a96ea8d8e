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
	all := make([]int, len(g.Problems))
	for i := range all {
		all[i] = i
	}
	scheme, choices := g.choose(all, o)
	p := &profile.Profile{Format: profile.Format, Scheme: scheme}
	bins := g.binned(scheme, all)
	expected, _ := g.expect(bins)
	for b, problems := range bins {
		bin := profile.Bin{Label: scheme.Label(b), Problems: len(problems)}
		for a, c := range g.After {
			bin.Arms = append(bin.Arms, c.arm(problems, expected[b][a]))
		}
		p.Bins = append(p.Bins, bin)
	}
	for _, c := range g.Plain {
		right, _ := c.mean(all)
		p.All = append(p.All, c.arm(all, right))
	}
	trials := g.trials(all, o, o.Repetitions, true, rand.New(rand.NewPCG(o.Seed, 0)))
	for b, c := range choices {
		t := trials[b]
		right, _ := g.Plain[c.uniform].mean(all)
		budget := profile.Budget{N: o.Budgets[b], Tokens: c.limit, Uniform: g.Plain[c.uniform].arm(all, right)}
		budget.Adaptive, budget.Reason = t.decide(c, all)
		for bin, row := range c.rows {
			budget.Rows = append(budget.Rows, g.After[row].arm(bins[bin], expected[bin][row]))
		}
		m := profile.Validation{Adaptive: t.adaptive.outcome(all), Uniform: t.uniform.outcome(all),
			WithoutReuse: t.withoutReuse.outcome(all), Chosen: t.chosen.outcome(all)}
		m.Difference, m.TokensDifference = t.differences(all)
		budget.Measured = m
		p.Budgets = append(p.Budgets, budget)
	}
	return p, nil
}

// MinProblems is the least number of problems of a fit: with fewer, halves of bins would be empty.
const MinProblems = 20
