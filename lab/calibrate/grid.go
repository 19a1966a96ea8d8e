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
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/lab/bench"
)

// A Grid is what arms did on problems.
type Grid struct {
	Problems []string     // ids
	Rates    []float64    // estimated pass@1, by problem
	Estimate []bench.Cost // of estimating it
	Plain    []Column     // arms that estimated nothing
	After    []Column     // the same arms after an estimate, whose samples they used
}

// A Column is what one arm did, problem by problem.
type Column struct {
	Arm   bench.Arm // of KindSearch, also after an estimate
	Right []float64 // share of the seeds
	Cost  []bench.Cost
}

// NewGrid returns the grid of a bench's results. Every arm must have done every problem
// with every seed. Arms that only estimate, or are planned, offer no strategy to choose.
func NewGrid(m *bench.Matrix) (*Grid, error) {
	if err := m.Complete(); err != nil {
		return nil, err
	}
	g := &Grid{Rates: make([]float64, len(m.Problems)), Estimate: make([]bench.Cost, len(m.Problems))}
	for _, p := range m.Problems {
		g.Problems = append(g.Problems, p.ID)
	}
	for _, row := range m.Rows {
		column := Column{Arm: row.Arm.Unestimated(), Right: row.Right, Cost: row.Costs}
		switch row.Arm.Kind {
		case bench.KindSearch:
			g.Plain = append(g.Plain, column)
		case bench.KindEstimated:
			g.After = append(g.After, column)
		}
	}
	if len(g.Plain) == 0 {
		return nil, errors.New("no arm without an estimate: there is nothing to compare with")
	}
	for _, side := range [][]Column{g.Plain, g.After} {
		slices.SortFunc(side, func(a, b Column) int {
			return cmp.Or(cmp.Compare(a.Arm.N, b.Arm.N), strings.Compare(a.Arm.Name(), b.Arm.Name()))
		})
	}
	return g, g.addEstimates(m)
}

// addEstimates fills in the means of the estimates: every arm after one had the same.
func (g *Grid) addEstimates(m *bench.Matrix) error {
	problem := map[string]int{}
	for i, id := range g.Problems {
		problem[id] = i
	}
	results, estimates := 0, 0
	for _, row := range m.Rows {
		if row.Arm.Kind != bench.KindEstimated {
			continue
		}
		for _, r := range row.Results {
			results++
			if r.Estimate == nil {
				continue
			}
			estimates++
			i := problem[r.Problem]
			g.Rates[i] += r.Estimate.Rate
			g.Estimate[i] = g.Estimate[i].Add(r.EstimateCost(m.Header))
		}
	}
	if estimates != results {
		return fmt.Errorf("%d of %d results after an estimate have none: was a difficulty service there?",
			results-estimates, results)
	}
	if results == 0 {
		return nil
	}
	per := float64(results / len(g.Problems))
	for i := range g.Problems {
		g.Rates[i] /= per
		g.Estimate[i] = g.Estimate[i].Times(1 / per)
	}
	return nil
}

// find returns the place of an arm in some columns, -1 if it is not there.
func find(columns []Column, a bench.Arm) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Arm == a })
}

// mean returns the arm's means over some problems.
func (c Column) mean(on []int) (right float64, cost bench.Cost) {
	for _, i := range on {
		right += c.Right[i]
		cost = cost.Add(c.Cost[i])
	}
	k := 1 / float64(max(1, len(on)))
	return k * right, cost.Times(k)
}
