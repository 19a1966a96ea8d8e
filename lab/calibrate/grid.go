// Package calibrate computes a profile, by which planners plan, from the results of a bench of every arm on
// every problem.
//
// The method is that of Snell et al. 2024 (arXiv 2408.03314, §3.2): problems are binned by difficulty, each
// bin gets the strategy with the best results in it, and the profile's accuracies are measured on held-out
// problems (2-fold cross-validation). Ponder differs in three points: costs include the difficulty
// estimates; bins share one budget, since tokens saved on easy problems gain more on hard ones; and a budget
// gets one strategy for all problems where binning does not beat it.
package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/lab/bench"
)

// A Grid holds the accuracy and the costs of arms by problem.
type Grid struct {
	Problems []string     // ids
	Rates    []float64    // estimated pass@1, by problem
	Estimate []bench.Cost // of the difficulty estimate, by problem
	Plain    []Column     // arms without a difficulty estimate
	After    []Column     // the same arms after a difficulty estimate whose samples they reuse
}

// NewGrid returns the grid of a bench's results. It returns an error if an arm lacks the result of a problem
// or a seed. It leaves out arms of KindDifficulty and KindPlanned, which have no strategy to choose.
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
		return nil, errors.New("no arm without an estimate, to compare with: add an arm without estimate+")
	}
	for _, side := range [][]Column{g.Plain, g.After} {
		slices.SortFunc(side, func(a, b Column) int {
			return cmp.Or(cmp.Compare(a.Arm.N, b.Arm.N), strings.Compare(a.Arm.Name(), b.Arm.Name()))
		})
	}
	return g, g.addEstimates(m)
}

// addEstimates sets Rates and Estimate to the means over all results with a difficulty estimate. It returns an
// error if an arm with an estimate has a result without one.
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
		return fmt.Errorf("%d of %d results after an estimate have none: start the planner with a difficulty "+
			"service, and repeat the bench", results-estimates, results)
	}
	if results == 0 {
		return nil
	}
	perProblem := float64(results / len(g.Problems))
	for i := range g.Problems {
		g.Rates[i] /= perProblem
		g.Estimate[i] = g.Estimate[i].Times(1 / perProblem)
	}
	return nil
}
