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
	return s.curve(func(a Row) bool { return a.Strategy == strategy })
}

// curve returns the rows for which include returns true, by ascending N.
func (s Sweep) curve(include func(Row) bool) (c Curve) {
	for _, a := range s.Rows {
		if include(a) {
			c = append(c, a)
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
func (a Row) Right() []float64 { return a.right }

// Points returns the curve's points, with the budget in the given unit.
func (c Curve) Points(unit func(Row) float64) (points []measure.Point) {
	for _, a := range c {
		points = append(points, measure.Point{Budget: unit(a), Accuracy: a.Accuracy.Mean})
	}
	return points
}

// Units of a budget, per problem.
var (
	Tokens = func(a Row) float64 { return a.Generated }
	FLOPs  = func(a Row) float64 { return a.PolicyGF + a.VerifierGF } // in GFLOP
)

// best returns the row with the highest accuracy; of several, the one with the fewest generated tokens. ok
// is false if the curve is empty.
func (c Curve) best() (best Row, ok bool) {
	for i, a := range c {
		if i == 0 || a.Accuracy.Mean > best.Accuracy.Mean || a.Accuracy.Mean == best.Accuracy.Mean &&
			a.Generated < best.Generated {
			best, ok = a, true
		}
	}
	return best, ok
}

// planned returns the curve of planned searches.
func (s Sweep) planned() (c Curve) {
	return s.curve(func(a Row) bool { return a.Arm.Kind == bench.KindPlanned })
}

// optimal returns the compute-optimal curve and its name: planned searches if the sweep has any; otherwise
// the best strategy for each budget, selected on the same problems. That selection is biased upwards, and
// name says so.
func (s Sweep) optimal() (name string, c Curve) {
	if c = s.planned(); len(c) > 0 {
		return "planned", c
	}
	best := map[int]Row{}
	for _, a := range s.Rows {
		if b, ok := best[a.N]; a.Arm.Kind != bench.KindEstimated && (!ok || a.Accuracy.Mean > b.Accuracy.Mean) {
			best[a.N] = a
		}
	}
	for _, a := range best {
		c = append(c, a)
	}
	slices.SortFunc(c, func(a, b Row) int { return a.N - b.N })
	return "best strategy of each budget, chosen on these problems", c
}
