package verifier

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Result is the scores of one path.
type Result struct {
	Scores  []float64       // one per step, in [0,1]
	Usage   reasoning.Usage // Verifier, Cached and FLOPs
	Waste   reasoning.Waste // the part of Usage that was wasted by attempts that failed
	Unknown reasoning.Usage // upper bound of what such attempts have cost beyond Usage, and was never reported
	Took    time.Duration
}

// Cost returns what r has cost.
func (r Result) Cost() reasoning.Cost {
	return reasoning.Cost{Usage: r.Usage, Waste: r.Waste, Unknown: r.Unknown}
}

// WithCost returns r with another cost.
func (r Result) WithCost(cost reasoning.Cost) Result {
	r.Usage, r.Waste, r.Unknown = cost.Usage, cost.Waste, cost.Unknown
	return r
}

// Failed returns the Result of a Score that ended with err after it had cost this: it has only the cost, which is
// wasted.
func Failed(cost reasoning.Cost, err error) Result { return Result{}.WithCost(cost.EndedBy(err)) }
