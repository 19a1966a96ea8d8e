package reasoning

// A Bill is the cost of a search, by service, and what of it was wasted, by cause. What engines have generated is
// Total().Generated, and up to Unknown.Generated more.
type Bill struct {
	Policy     Usage // with its waste
	Verifier   Usage // with its waste
	Difficulty Usage // the estimate's samples and scores, with their waste; a search that reuses them does not pay again
	Waste      Waste // the part of the amounts above that was spent on text that the search did not use
	Unknown    Usage // upper bound of what was spent beyond them, on work whose cost was never reported
}

// AddPolicy adds what the policy has cost.
func (b *Bill) AddPolicy(c Cost) { b.add(&b.Policy, c) }

// AddVerifier adds what the verifier has cost.
func (b *Bill) AddVerifier(c Cost) { b.add(&b.Verifier, c) }

// AddDifficulty adds what an estimate of difficulty has cost.
func (b *Bill) AddDifficulty(c Cost) { b.add(&b.Difficulty, c) }

func (b *Bill) add(service *Usage, c Cost) {
	*service = service.Add(c.Usage)
	b.Waste, b.Unknown = b.Waste.Add(c.Waste), b.Unknown.Add(c.Unknown)
}

// Total returns the sum over the services.
func (b Bill) Total() Usage { return b.Policy.Add(b.Verifier).Add(b.Difficulty) }

// Saturated reports whether a sum has reached the largest number of its type, and so is a lower bound.
func (b Bill) Saturated() bool { return b.Total().Saturated() || b.Unknown.Saturated() }
