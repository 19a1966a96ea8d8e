package calibrate

import (
	"slices"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// slack is the factor by which one strategy for all problems may exceed its budget: a beam of n costs a few
// per cent more than n samples. Strategies by bin have no slack.
const slack = 1.1

// A choice holds the best strategies for one budget on a set of problems.
type choice struct {
	limit   float64 // in tokens per problem
	uniform int     // index into Grid.Plain of the best strategy for all problems
	rows    []int   // index into Grid.After by bin; nil if the estimate alone costs more than the budget
}

// choose returns the bins of difficulty and, for each budget, the best strategies on the given problems.
func (g *Grid) choose(problems []int, o Options) (difficulty.Scheme, []choice) {
	scheme := o.scheme(pick(g.Rates, problems))
	bins := g.binned(scheme, problems)
	expected, tokens := g.expect(bins)
	sample := g.sampleTokens(problems)
	var choices []choice
	for _, n := range o.Budgets {
		c := choice{limit: g.budgetTokens(n, sample, problems)}
		c.uniform = g.best(problems, slack*c.limit)
		c.rows = g.allocate(bins, expected, tokens, c.limit*float64(len(problems)))
		fill(c.rows, bins)
		choices = append(choices, c)
	}
	return scheme, choices
}

// pick returns the elements of xs at the given indices.
func pick(xs []float64, problems []int) (some []float64) {
	for _, i := range problems {
		some = append(some, xs[i])
	}
	return some
}

// binned returns the given problems by bin.
func (g *Grid) binned(s difficulty.Scheme, problems []int) [][]int {
	bins := make([][]int, s.Bins())
	for _, i := range problems {
		b := s.Bin(g.Rates[i])
		bins[b] = append(bins[b], i)
	}
	return bins
}

// fill sets the row of each bin without problems to that of the nearest bin with problems; of two, the
// one with the lower index.
func fill(rows []int, bins [][]int) {
	for b := range rows {
		for d := 0; len(bins[b]) == 0 && d < len(rows); d++ {
			if b-d >= 0 && len(bins[b-d]) > 0 {
				rows[b] = rows[b-d]
				break
			}
			if b+d < len(rows) && len(bins[b+d]) > 0 {
				rows[b] = rows[b+d]
				break
			}
		}
	}
}

// budgetTokens returns the mean number of tokens of n whole samples of a problem: as measured, if an arm
// generates exactly n samples; otherwise n times the tokens of one sample.
func (g *Grid) budgetTokens(n int, sample float64, problems []int) float64 {
	for _, a := range wholeSamples(n) {
		if i := find(g.Plain, a); i >= 0 {
			_, cost := g.Plain[i].mean(problems)
			return cost.Generated
		}
	}
	return float64(n) * sample
}

// wholeSamples returns the arms that generate exactly n whole samples.
func wholeSamples(n int) []bench.Arm {
	return []bench.Arm{{N: n, Strategy: search.Majority{N: n}}, {N: n, Strategy: search.BestOfN{N: n}}}
}

// sampleTokens returns the mean number of tokens of one sample, from the arm with the most samples.
func (g *Grid) sampleTokens(problems []int) (tokens float64) {
	most := 0
	for _, c := range g.Plain {
		if n := c.Arm.N; slices.Contains(wholeSamples(n), c.Arm) && n > most {
			_, cost := c.mean(problems)
			most, tokens = n, cost.Generated/float64(n)
		}
	}
	return tokens
}
