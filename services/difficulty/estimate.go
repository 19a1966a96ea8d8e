package difficulty

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An Estimate is an estimate of pass@1 from the samples so far, or from the problem's text, with its
// interval and its bin.
type Estimate struct {
	PassRate  float64         // pass@1, in [0,1]
	Low, High float64         // 90 % interval of the pass rate
	Bin       int             // of the pass rate, from 0, the easiest
	Label     string          // of the bin
	Settled   bool            // the whole interval lies in the bin
	Samples   int             // so far; 0 with MethodPrompt
	Usage     reasoning.Usage // of the samples and their scores so far
	Waste     reasoning.Waste // the part of Usage that was wasted
	Unknown   reasoning.Usage // upper bound of what was spent beyond Usage, and was never reported
	New       []policy.Child  // samples since the last estimate, with scores if there is a verifier
	Final     bool            // no estimate follows
}

// withBin returns e with the bin of its pass rate in s.
func (e Estimate) withBin(s Scheme) Estimate {
	e.Bin = s.Bin(e.PassRate)
	e.Label = s.Label(e.Bin)
	e.Settled = s.Bin(e.Low) == s.Bin(e.High)
	return e
}

// Cost returns what e has cost.
func (e Estimate) Cost() reasoning.Cost {
	return reasoning.Cost{Usage: e.Usage, Waste: e.Waste, Unknown: e.Unknown}
}

// WithCost returns e with another cost.
func (e Estimate) WithCost(cost reasoning.Cost) Estimate {
	e.Usage, e.Waste, e.Unknown = cost.Usage, cost.Waste, cost.Unknown
	return e
}
