package report

import (
	"slices"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/measure"
)

// A Curve holds the rows of arms with the same name, by ascending N.
type Curve []Row

// Curve returns the rows of the arms with this name, by ascending N.
func (s Sweep) Curve(strategy string) Curve {
	return s.curve(func(r Row) bool { return r.Strategy == strategy })
}

// curve returns the rows for which include returns true, by ascending N.
func (s Sweep) curve(include func(Row) bool) (c Curve) {
	for _, r := range s.Rows {
		if include(r) {
			c = append(c, r)
		}
	}
	slices.SortFunc(c, func(a, b Row) int { return a.N - b.N })
	return c
}

// Find returns the row of an arm; ok is false if there is none.
func (s Sweep) Find(a bench.Arm) (row Row, ok bool) {
	for _, row := range s.Rows {
		if row.Arm == a {
			return row, true
		}
	}
	return row, false
}

// Right returns the share of seeds with a right answer, by problem of the sweep.
func (r Row) Right() []float64 { return r.right }

// Points returns the curve's points, with the budget in the given unit.
func (c Curve) Points(unit func(Row) float64) (points []measure.Point) {
	for _, r := range c {
		points = append(points, measure.Point{Budget: unit(r), Accuracy: r.Accuracy.Mean})
	}
	return points
}

// Units of a budget, per problem.
var (
	Tokens = func(r Row) float64 { return r.Generated }
	GFLOP  = func(r Row) float64 { return r.PolicyGF + r.VerifierGF }
)

// best returns the row with the highest accuracy; of several, the one with the fewest generated tokens. ok
// is false if the curve is empty.
func (c Curve) best() (best Row, ok bool) {
	for i, r := range c {
		if i == 0 || r.Accuracy.Mean > best.Accuracy.Mean || r.Accuracy.Mean == best.Accuracy.Mean &&
			r.Generated < best.Generated {
			best, ok = r, true
		}
	}
	return best, ok
}

// planned returns the curve of planned searches.
func (s Sweep) planned() (c Curve) {
	return s.curve(func(r Row) bool { return r.Arm.Kind == bench.KindPlanned })
}

// optimal returns the compute-optimal curve and its name: planned searches if the sweep has any; otherwise
// the best strategy for each budget, selected on the same problems. That selection is biased upwards, and
// name says so.
func (s Sweep) optimal() (name string, c Curve) {
	if c = s.planned(); len(c) > 0 {
		return "planned", c
	}
	best := map[int]Row{}
	for _, r := range s.Rows {
		if b, ok := best[r.N]; r.Arm.Kind != bench.KindEstimated && (!ok || r.Accuracy.Mean > b.Accuracy.Mean) {
			best[r.N] = r
		}
	}
	for _, r := range best {
		c = append(c, r)
	}
	slices.SortFunc(c, func(a, b Row) int { return a.N - b.N })
	return "best strategy of each budget, chosen on these problems", c
}
