package report

import (
	"slices"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/measure"
)

// A Curve is what one way to search did as its budget grew.
type Curve []Row

// Curve returns the arms with this name, by N.
func (s Sweep) Curve(strategy string) Curve {
	return s.curve(func(a Row) bool { return a.Strategy == strategy })
}

func (s Sweep) curve(of func(Row) bool) (c Curve) {
	for _, a := range s.Rows {
		if of(a) {
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

// Right returns the share of seeds with a right answer, by the sweep's problems.
func (a Row) Right() []float64 { return a.right }

// Points returns the points of a curve in some unit.
func (c Curve) Points(unit func(Row) float64) (points []measure.Point) {
	for _, a := range c {
		points = append(points, measure.Point{Budget: unit(a), Accuracy: a.Accuracy.Mean})
	}
	return points
}

// Units in which a budget is counted.
var (
	Tokens = func(a Row) float64 { return a.Generated }
	FLOPs  = func(a Row) float64 { return a.PolicyGF + a.VerifierGF }
)

// best returns the row of the highest accuracy, the cheapest of equals; ok is false if there
// are no rows.
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

// optimal returns the compute-optimal curve: planned searches where there are some, else the
// best strategy of each budget on the problems that it was chosen by. That is biased
// upwards, and name says so.
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
