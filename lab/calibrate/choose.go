package calibrate

import (
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// slack is the factor by which one strategy for all may exceed its budget: a beam of n costs
// a few per cent more than n samples. Strategies by bin have no slack.
const slack = 1.1

// A choice is what is best on some problems at one budget.
type choice struct {
	limit   float64 // tokens a problem
	uniform int     // of Plain
	rows    []int   // of After, by bin; nil where the estimate alone costs more than the budget
}

// choose returns the bins of difficulty and, for each budget, the strategies that did best
// on some problems.
func (g *Grid) choose(on []int, o Options) (difficulty.Scheme, []choice) {
	scheme := o.scheme(pick(g.Rates, on))
	bins := g.binned(scheme, on)
	expected, tokens := g.expect(bins)
	sample := g.sampleTokens(on)
	var choices []choice
	for _, n := range o.Budgets {
		c := choice{limit: g.budgetTokens(n, sample, on)}
		c.uniform = g.best(on, slack*c.limit)
		c.rows = g.allocate(bins, expected, tokens, c.limit*float64(len(on)))
		fill(c.rows, bins)
		choices = append(choices, c)
	}
	return scheme, choices
}

func pick(xs []float64, on []int) (some []float64) {
	for _, i := range on {
		some = append(some, xs[i])
	}
	return some
}

// binned returns the problems of each bin.
func (g *Grid) binned(s difficulty.Scheme, on []int) [][]int {
	bins := make([][]int, s.Bins())
	for _, i := range on {
		b := s.Bin(g.Rates[i])
		bins[b] = append(bins[b], i)
	}
	return bins
}

// fill gives bins without problems the row of the nearest with some, the easier of two.
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

// budgetTokens returns how many tokens n whole samples of a problem have: measured, where
// an arm took just so many; else n times those of one sample.
func (g *Grid) budgetTokens(n int, sample float64, on []int) float64 {
	for _, a := range wholeSamples(n) {
		if i := find(g.Plain, a); i >= 0 {
			_, cost := g.Plain[i].mean(on)
			return cost.Generated
		}
	}
	return float64(n) * sample
}

// wholeSamples returns the arms that take n whole samples, no more and no less.
func wholeSamples(n int) []bench.Arm {
	return []bench.Arm{{N: n, Strategy: search.Majority{N: n}}, {N: n, Strategy: search.BestOfN{N: n}}}
}

// sampleTokens returns how many tokens one sample of a problem has, by the arm that took
// most.
func (g *Grid) sampleTokens(on []int) (tokens float64) {
	most := 0
	for _, c := range g.Plain {
		if n := c.Arm.N; slices.Contains(wholeSamples(n), c.Arm) && n > most {
			_, cost := c.mean(on)
			most, tokens = n, cost.Generated/float64(n)
		}
	}
	return tokens
}

// best returns the most accurate strategy for all problems alike within a limit, the
// cheapest of equals; where none is within it, the cheapest.
func (g *Grid) best(on []int, limit float64) (best int) {
	most, least := -1.0, math.Inf(1)
	cheapest := 0
	for i, c := range g.Plain {
		right, cost := c.mean(on)
		if cost.Generated < least {
			cheapest, least = i, cost.Generated
		}
		if cost.Generated <= limit && right > most {
			best, most = i, right
		}
	}
	if most < 0 {
		return cheapest
	}
	for i, c := range g.Plain {
		right, cost := c.mean(on)
		if _, b := g.Plain[best].mean(on); right == most && cost.Generated < b.Generated {
			best = i
		}
	}
	return best
}

// doubt is the weight, in problems, of what is expected of a bin before it is measured. The
// best of many arms on few problems is mostly the luckiest.
const doubt = 20

// expect returns the accuracy to expect of each arm in each bin, and its tokens. What was
// measured is drawn towards what arm and bin let expect if they were independent: the
// arm's mean, and how much easier than all the bin is.
func (g *Grid) expect(bins [][]int) (accuracy, tokens [][]float64) {
	arms := len(g.After)
	accuracy, tokens = make([][]float64, len(bins)), make([][]float64, len(bins))
	arm, bin, all, problems := make([]float64, arms), make([]float64, len(bins)), 0.0, 0
	for b, on := range bins {
		accuracy[b], tokens[b] = make([]float64, arms), make([]float64, arms)
		problems += len(on)
		for a, c := range g.After {
			right, cost := c.mean(on)
			accuracy[b][a], tokens[b][a] = right, cost.Generated
			arm[a] += right * float64(len(on))
			bin[b] += right / float64(arms)
			all += right * float64(len(on)) / float64(arms)
		}
	}
	for b, on := range bins {
		n := float64(len(on))
		for a := range arms {
			likely := min(1, max(0, arm[a]/float64(problems)+bin[b]-all/float64(problems)))
			accuracy[b][a] = (n*accuracy[b][a] + doubt*likely) / (n + doubt)
		}
	}
	return accuracy, tokens
}

// allocate gives each bin an arm of After, so that most problems are right while all
// cost no more than limit together; nil if that cannot be. It is the problem of
// allocating one budget by marginal gain (Damani et al. 2024, arXiv 2410.04707): at a
// price for a token every bin takes what is worth most to it, and the price is the
// lowest at which the sum can be paid. What is left then goes to the best upgrades.
func (g *Grid) allocate(bins [][]int, accuracy, tokens [][]float64, limit float64) []int {
	at := func(price float64) (rows []int, sum float64) {
		rows = make([]int, len(bins))
		for b, on := range bins {
			for a := range g.After {
				r := rows[b]
				gain := accuracy[b][a] - accuracy[b][r] - price*(tokens[b][a]-tokens[b][r])
				if gain > 0 || gain == 0 && tokens[b][a] < tokens[b][r] {
					rows[b] = a
				}
			}
			sum += float64(len(on)) * tokens[b][rows[b]]
		}
		return rows, sum
	}
	if len(g.After) == 0 {
		return nil
	}
	low, high := 0.0, 1e3 // points of accuracy for a token, which no arm is worth
	if rows, sum := at(low); sum <= limit {
		return rows
	}
	rows, sum := at(high)
	if sum > limit {
		return nil
	}
	for range 100 {
		price := (low + high) / 2
		if r, s := at(price); s <= limit {
			rows, sum, high = r, s, price
		} else {
			low = price
		}
	}
	for { // the curve of sums has steps: use what is left
		best, into, worth := -1, 0, 0.0
		for b, on := range bins {
			n := float64(len(on))
			for a := range g.After {
				more := n * (tokens[b][a] - tokens[b][rows[b]])
				gain := n * (accuracy[b][a] - accuracy[b][rows[b]])
				if more > 0 && sum+more <= limit && gain/more > worth {
					best, into, worth = b, a, gain/more
				}
			}
		}
		if best < 0 {
			return rows
		}
		sum += float64(len(bins[best])) * (tokens[best][into] - tokens[best][rows[best]])
		rows[best] = into
	}
}
