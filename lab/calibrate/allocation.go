package calibrate

import "math"

// best returns the index into Plain of the most accurate strategy that costs at most limit tokens per
// problem; of several, the cheapest. If none is within the limit, it returns the cheapest.
func (g *Grid) best(problems []int, limit float64) (best int) {
	most, least := -1.0, math.Inf(1)
	cheapest := 0
	for i, c := range g.Plain {
		right, cost := c.mean(problems)
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
		right, cost := c.mean(problems)
		if _, b := g.Plain[best].mean(problems); right == most && cost.Generated < b.Generated {
			best = i
		}
	}
	return best
}

// priorWeight is the weight of the prior accuracy of an arm in a bin, in problems. Without a prior, the best
// of many arms on few problems is often best by chance.
const priorWeight = 20

// expect returns the expected accuracy and the mean tokens of each arm in each bin. The expected accuracy
// is the measured one, shrunk towards an additive prior (no interaction of arm and bin): the arm's mean plus
// the difference between the bin's mean and that of all problems.
func (g *Grid) expect(bins [][]int) (accuracy, tokens [][]float64) {
	arms := len(g.After)
	accuracy, tokens = make([][]float64, len(bins)), make([][]float64, len(bins))
	arm, bin, all, count := make([]float64, arms), make([]float64, len(bins)), 0.0, 0
	for b, problems := range bins {
		accuracy[b], tokens[b] = make([]float64, arms), make([]float64, arms)
		count += len(problems)
		for a, c := range g.After {
			right, cost := c.mean(problems)
			accuracy[b][a], tokens[b][a] = right, cost.Generated
			arm[a] += right * float64(len(problems))
			bin[b] += right / float64(arms)
			all += right * float64(len(problems)) / float64(arms)
		}
	}
	for b, problems := range bins {
		n := float64(len(problems))
		for a := range arms {
			prior := min(1, max(0, arm[a]/float64(count)+bin[b]-all/float64(count)))
			accuracy[b][a] = (n*accuracy[b][a] + priorWeight*prior) / (n + priorWeight)
		}
	}
	return accuracy, tokens
}

// allocate returns an arm of After for each bin, such that all problems together cost at most limit tokens and
// the expected number of right answers is below the optimum by at most the size of the largest bin; nil if the
// limit is too low for any arms. It allocates one budget by marginal gain (Damani et al. 2024, arXiv
// 2410.04707): at a given price per token, each bin gets the arm with the highest accuracy − price × tokens,
// and the price is the lowest at which the sum is within the limit. The rest of the budget goes to the upgrades
// with the highest gain per token.
func (g *Grid) allocate(bins [][]int, accuracy, tokens [][]float64, limit float64) []int {
	at := func(price float64) (rows []int, sum float64) {
		rows = make([]int, len(bins))
		for b, problems := range bins {
			for a := range g.After {
				r := rows[b]
				gain := accuracy[b][a] - accuracy[b][r] - price*(tokens[b][a]-tokens[b][r])
				if gain > 0 || gain == 0 && tokens[b][a] < tokens[b][r] {
					rows[b] = a
				}
			}
			sum += float64(len(problems)) * tokens[b][rows[b]]
		}
		return rows, sum
	}
	if len(g.After) == 0 {
		return nil
	}
	low, high := 0.0, 1e3 // accuracy per token; no arm gains that much
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
	for { // the sum is a step function of the price: spend the rest
		best, into, highest := -1, 0, 0.0
		for b, problems := range bins {
			n := float64(len(problems))
			for a := range g.After {
				more := n * (tokens[b][a] - tokens[b][rows[b]])
				gain := n * (accuracy[b][a] - accuracy[b][rows[b]])
				if more > 0 && sum+more <= limit && gain/more > highest {
					best, into, highest = b, a, gain/more
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
