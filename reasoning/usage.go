package reasoning

// Usage is the cost of some work. Token counts come from the engines; none is
// estimated from characters.
type Usage struct {
	Generated int64   // tokens sampled by a policy, discarded branches included; the papers count budgets in these
	Prompt    int64   // prompt tokens that a policy computed (prefill)
	Cached    int64   // prompt tokens that a policy found in its cache
	Verifier  int64   // tokens that a verifier processed
	FLOPs     float64 // 2 × parameters × tokens processed; 0 where the model's size is not known
}

// Add returns the sum of u and v.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Generated: u.Generated + v.Generated,
		Prompt:    u.Prompt + v.Prompt,
		Cached:    u.Cached + v.Cached,
		Verifier:  u.Verifier + v.Verifier,
		FLOPs:     u.FLOPs + v.FLOPs,
	}
}
