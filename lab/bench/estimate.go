package bench

import "github.com/ponder-mesh/ponder/services/difficulty"

// An Estimate is the last difficulty estimate of a search, and the tokens that it cost.
type Estimate struct {
	Rate      float64 `json:"rate"` // pass@1, 0 to 1
	Low       float64 `json:"low"`  // of the rate's 90 % interval
	High      float64 `json:"high"`
	Samples   int     `json:"samples"`
	Generated int64   `json:"generated"`
	Verifier  int64   `json:"verifier"`
}

func newEstimate(e difficulty.Estimate) *Estimate {
	return &Estimate{e.PassRate, e.Low, e.High, e.Samples, e.Usage.Generated, e.Usage.Verifier}
}

// VerifierFLOPs returns the verifier's part of the estimate's FLOPs, computed from its tokens: a Result
// has only the sum, FLOPs.Difficulty. It returns 0 for a nil estimate.
func (e *Estimate) VerifierFLOPs(h Header) float64 {
	if e == nil {
		return 0
	}
	return h.Verifier.FLOPs(e.Verifier)
}
