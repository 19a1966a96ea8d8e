package reasoning

import "math"

// Usage is the cost of some work. Token counts come from the engines; they are never
// estimated from characters.
type Usage struct {
	Generated int64   // tokens sampled by a policy, discarded branches included; the papers count budgets in these
	Prompt    int64   // prompt tokens that a policy computed (prefill)
	Cached    int64   // tokens that a policy or a verifier found in its cache
	Verifier  int64   // tokens that a verifier processed
	FLOPs     float64 // 2 × parameters × tokens processed; 0 where the model's size is not known
}

// Add returns the sum of u and v. Counts saturate: a sum that exceeds an int64 is the
// largest int64, never a negative number.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Generated: sum(u.Generated, v.Generated),
		Prompt:    sum(u.Prompt, v.Prompt),
		Cached:    sum(u.Cached, v.Cached),
		Verifier:  sum(u.Verifier, v.Verifier),
		FLOPs:     u.FLOPs + v.FLOPs,
	}
}

// sum returns a + b, or the bound of int64 that it exceeds.
func sum(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
