package reasoning

// Usage counts what some work cost. Token counts come from the engines; none is
// estimated from characters.
type Usage struct {
	Generated int64   // tokens sampled by a policy, discarded branches included: the papers' budgets
	Prompt    int64   // tokens of prefixes that a policy had to read (prefill)
	Cached    int64   // tokens of prefixes that a policy found in its cache
	Verifier  int64   // tokens that a verifier read
	FLOPs     float64 // 2 × parameters × tokens processed; 0 where the model's size is not known
}

// Add is the cost of u and v together.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Generated: u.Generated + v.Generated,
		Prompt:    u.Prompt + v.Prompt,
		Cached:    u.Cached + v.Cached,
		Verifier:  u.Verifier + v.Verifier,
		FLOPs:     u.FLOPs + v.FLOPs,
	}
}

// A Bill is what a search cost, by who was paid.
type Bill struct {
	Policy     Usage
	Verifier   Usage
	Difficulty Usage // the probe's samples and scores, which the search re-uses and does not pay again
}

// Total is the sum of a bill.
func (b Bill) Total() Usage { return b.Policy.Add(b.Verifier).Add(b.Difficulty) }
