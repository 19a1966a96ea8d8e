package bench

// A Cost is the cost of a search, including its difficulty estimate, or a mean of such costs.
type Cost struct {
	Generated, Prompt, Cached float64 // the policy's tokens
	Verifier, VerifierCached  float64 // the verifier's tokens
	FLOPs                     float64 // of policy and verifier
	VerifierFLOPs             float64 // the verifier's part of FLOPs
}

// Cost returns the cost of the search. h is the header of the file that has the result.
func (r Result) Cost(h Header) Cost {
	return Cost{
		Generated: float64(r.Tokens.Generated), Prompt: float64(r.Tokens.Prompt), Cached: float64(r.Tokens.Cached),
		Verifier: float64(r.Tokens.Verifier), VerifierCached: float64(r.Tokens.VerifierCached),
		FLOPs: r.FLOPs.Sum(), VerifierFLOPs: r.FLOPs.Verifier + r.Estimate.VerifierFLOPs(h),
	}
}

// EstimateCost returns the cost of the difficulty estimate, which Cost includes.
func (r Result) EstimateCost(h Header) Cost {
	e := r.Estimate
	if e == nil {
		return Cost{}
	}
	return Cost{Generated: float64(e.Generated), Verifier: float64(e.Verifier), FLOPs: r.FLOPs.Difficulty,
		VerifierFLOPs: e.VerifierFLOPs(h)}
}

// Add returns c + d.
func (c Cost) Add(d Cost) Cost {
	return Cost{
		c.Generated + d.Generated, c.Prompt + d.Prompt, c.Cached + d.Cached,
		c.Verifier + d.Verifier, c.VerifierCached + d.VerifierCached, c.FLOPs + d.FLOPs,
		c.VerifierFLOPs + d.VerifierFLOPs,
	}
}

// Times returns k · c.
func (c Cost) Times(k float64) Cost {
	return Cost{k * c.Generated, k * c.Prompt, k * c.Cached, k * c.Verifier, k * c.VerifierCached, k * c.FLOPs,
		k * c.VerifierFLOPs}
}
