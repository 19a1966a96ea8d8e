package reasoning

import "math"

// Usage is the cost of some work. Token counts come from the engines; they are never
// estimated from characters.
type Usage struct {
	Generated int64   // tokens sampled by a policy, discarded branches included; the papers count budgets in these
	Prompt    int64   // prompt tokens that a policy computed (prefill)
	Cached    int64   // tokens that a policy or a verifier found in its cache
	Verifier  int64   // tokens that a verifier processed, without those in its cache
	FLOPs     float64 // 2 × parameters × tokens processed; 0 where the model's size is not known
}

// Add returns the sum of u and v. Sums saturate: one that exceeds the largest number of its type is that number, never
// a negative one or an infinity. See Saturated.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Generated: sum(u.Generated, v.Generated),
		Prompt:    sum(u.Prompt, v.Prompt),
		Cached:    sum(u.Cached, v.Cached),
		Verifier:  sum(u.Verifier, v.Verifier),
		FLOPs:     min(u.FLOPs+v.FLOPs, math.MaxFloat64),
	}
}

// Minus returns what u has more than v, at least 0.
func (u Usage) Minus(v Usage) Usage {
	return Usage{
		Generated: max(0, u.Generated-v.Generated),
		Prompt:    max(0, u.Prompt-v.Prompt),
		Cached:    max(0, u.Cached-v.Cached),
		Verifier:  max(0, u.Verifier-v.Verifier),
		FLOPs:     max(0, u.FLOPs-v.FLOPs),
	}
}

// Saturated reports whether an amount has reached the largest number of its type, and so is a lower bound.
func (u Usage) Saturated() bool {
	return max(u.Generated, u.Prompt, u.Cached, u.Verifier) == math.MaxInt64 || u.FLOPs == math.MaxFloat64
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
