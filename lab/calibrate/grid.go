// Package calibrate chooses strategies by what they did: from a bench's results of
// every arm on every problem it makes the profile that planners follow.
//
// The choice is Snell et al. 2024's (arXiv 2408.03314, §3.2): problems are binned by
// difficulty, each bin gets the strategy that did best in it, and what is claimed of
// the choice was measured on problems that it was not made by (2-fold
// cross-validation). Three things are ours: the price of estimating difficulty
// counts; bins share one budget, as tokens that easy problems leave are worth more on
// hard ones; and where binning does not beat one strategy for all, there is one.
package calibrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/reasoning"
)

// A Grid is what arms did on problems.
type Grid struct {
	Problems []string
	Rates    []float64 // estimated pass@1, by problem
	Estimate []Cost    // of estimating it
	Plain    []Column  // arms that estimated nothing
	After    []Column  // the same arms after an estimate, whose samples they used
}

// A Column is one arm, problem by problem.
type Column struct {
	Strategy string
	N        int
	Right    []float64 // share of the seeds
	Cost     []Cost    // the mean over seeds; the estimate's included
}

// A Cost of a problem.
type Cost struct {
	Generated, Verifier float64 // tokens
	FLOPs               float64 // of all
	Judging             float64 // of them, the verifier's
}

func (c Cost) plus(d Cost) Cost {
	return Cost{c.Generated + d.Generated, c.Verifier + d.Verifier, c.FLOPs + d.FLOPs, c.Judging + d.Judging}
}

func (c Cost) times(k float64) Cost {
	return Cost{k * c.Generated, k * c.Verifier, k * c.FLOPs, k * c.Judging}
}

// Of is the grid of a bench's results. Every arm must have done every problem with
// every seed.
func Of(h bench.Header, results []bench.Result) (*Grid, error) {
	g, place := &Grid{}, map[string]int{}
	for _, r := range results {
		if _, ok := place[r.Problem]; !ok {
			place[r.Problem] = 0
			g.Problems = append(g.Problems, r.Problem)
		}
	}
	slices.Sort(g.Problems) // so that a run that was resumed makes the same profile
	for i, id := range g.Problems {
		place[id] = i
	}
	n, share := len(g.Problems), 1/float64(len(h.Seeds))
	g.Rates, g.Estimate = make([]float64, n), make([]Cost, n)
	columns, done, estimates := map[bench.Arm]*Column{}, map[bench.Arm]int{}, 0
	for _, r := range results {
		if strings.HasPrefix(r.Arm, bench.OnlyHard) || r.Arm == bench.Planned { // nothing to choose
			continue
		}
		key := bench.Arm{Name: r.Arm, N: r.N}
		c := columns[key]
		if c == nil {
			c = &Column{Strategy: r.Arm, N: r.N, Right: make([]float64, n), Cost: make([]Cost, n)}
			columns[key] = c
		}
		done[key]++
		i := place[r.Problem]
		if r.Right {
			c.Right[i] += share
		}
		cost := Cost{float64(r.Tokens.Generated), float64(r.Tokens.Verifier), r.FLOPs.Policy + r.FLOPs.Verifier + r.FLOPs.Difficulty, r.FLOPs.Verifier}
		if e := r.Estimate; e != nil && strings.HasPrefix(r.Arm, bench.Estimated) {
			judging := reasoning.Model{Parameters: h.Verifier.Parameters}.FLOPs(e.Verifier)
			cost.Judging += judging
			estimates++
			g.Rates[i] += e.Rate
			g.Estimate[i] = g.Estimate[i].plus(Cost{float64(e.Generated), float64(e.Verifier), r.FLOPs.Difficulty, judging})
		}
		c.Cost[i] = c.Cost[i].plus(cost.times(share))
	}
	for key, c := range columns {
		if want := n * len(h.Seeds); done[key] != want {
			return nil, fmt.Errorf("arm %s has %d of %d results: let the run go on", key, done[key], want)
		}
		if name, after := strings.CutPrefix(c.Strategy, bench.Estimated); after {
			c.Strategy = name
			g.After = append(g.After, *c)
		} else {
			g.Plain = append(g.Plain, *c)
		}
	}
	if per := len(g.After) * len(h.Seeds); per > 0 {
		if estimates != per*n {
			return nil, fmt.Errorf("%d of %d results after an estimate have none: was a difficulty service there?", per*n-estimates, per*n)
		}
		for i := range g.Problems { // every arm had the same estimate
			g.Rates[i] /= float64(per)
			g.Estimate[i] = g.Estimate[i].times(1 / float64(per))
		}
	}
	for _, side := range [][]Column{g.Plain, g.After} {
		slices.SortFunc(side, func(a, b Column) int { return cmp.Or(cmp.Compare(a.N, b.N), strings.Compare(a.Strategy, b.Strategy)) })
	}
	if len(g.Plain) == 0 {
		return nil, fmt.Errorf("no arm without an estimate: there is nothing to compare with")
	}
	return g, nil
}

// find is the place of a strategy in some columns; -1 if it is not there.
func find(columns []Column, strategy string, n int) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Strategy == strategy && c.N == n })
}

// mean of an arm on some problems.
func (c Column) mean(on []int) (right float64, cost Cost) {
	for _, i := range on {
		right += c.Right[i]
		cost = cost.plus(c.Cost[i])
	}
	k := 1 / float64(max(1, len(on)))
	return k * right, cost.times(k)
}
