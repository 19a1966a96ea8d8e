package difficulty

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An Estimate is an estimate of pass@1 from the samples so far, or from the problem's text, with its
// interval and its bin.
type Estimate struct {
	PassRate  float64 // pass@1, in [0,1]
	Low, High float64 // 90 % interval of the pass rate
	Bin       int     // of the pass rate, from 0, the easiest
	Label     string  // of the bin
	Settled   bool    // the whole interval lies in the bin
	Samples   int     // so far; 0 with MethodPrompt
	Usage     reasoning.Usage
	New       []policy.Child // samples since the last estimate, with scores if there is a verifier
	Final     bool           // no estimate follows
}

// withBin returns e with the bin of its pass rate in s.
func (e Estimate) withBin(s Scheme) Estimate {
	e.Bin = s.Bin(e.PassRate)
	e.Label = s.Label(e.Bin)
	e.Settled = s.Bin(e.Low) == s.Bin(e.High)
	return e
}
