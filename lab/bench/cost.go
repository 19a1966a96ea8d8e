package bench

// A Cost is what a search took, its estimate of difficulty included, or the mean of what
// several took.
type Cost struct {
	Generated, Prompt, Cached float64 // the policy's tokens
	Verifier, VerifierCached  float64 // the verifier's tokens
	FLOPs                     float64 // of both
	VerifierFLOPs             float64 // of them, the verifier's
}

// Cost returns what a search took. The header is that of its result.
func (r Result) Cost(h Header) Cost {
	return Cost{
		Generated: float64(r.Tokens.Generated), Prompt: float64(r.Tokens.Prompt), Cached: float64(r.Tokens.Cached),
		Verifier: float64(r.Tokens.Verifier), VerifierCached: float64(r.Tokens.VerifierCached),
		FLOPs: r.FLOPs.Sum(), VerifierFLOPs: r.FLOPs.Verifier + r.Estimate.VerifierFLOPs(h),
	}
}

// EstimateCost returns what the estimate took. It is part of the cost of its result.
func (r Result) EstimateCost(h Header) Cost {
	e := r.Estimate
	if e == nil {
		return Cost{}
	}
	return Cost{Generated: float64(e.Generated), Verifier: float64(e.Verifier), FLOPs: r.FLOPs.Difficulty,
		VerifierFLOPs: e.VerifierFLOPs(h)}
}

// VerifierFLOPs returns the verifier's part of the estimate, which results have only in
// FLOPs.Difficulty. It returns 0 for a nil estimate.
func (e *Estimate) VerifierFLOPs(h Header) float64 {
	if e == nil {
		return 0
	}
	return h.Verifier.FLOPs(e.Verifier)
}

// Plus returns the sum.
func (c Cost) Plus(d Cost) Cost {
	return Cost{
		c.Generated + d.Generated, c.Prompt + d.Prompt, c.Cached + d.Cached,
		c.Verifier + d.Verifier, c.VerifierCached + d.VerifierCached, c.FLOPs + d.FLOPs,
		c.VerifierFLOPs + d.VerifierFLOPs,
	}
}

// Times returns k times the cost.
func (c Cost) Times(k float64) Cost {
	return Cost{k * c.Generated, k * c.Prompt, k * c.Cached, k * c.Verifier, k * c.VerifierCached, k * c.FLOPs,
		k * c.VerifierFLOPs}
}
