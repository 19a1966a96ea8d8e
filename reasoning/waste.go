package reasoning

import "iter"

// A Waste is what was spent on text that is not used, by cause. Each wasted token has one cause.
type Waste struct {
	// Cancelled is work that was stopped while it was in progress, because the search no longer needed it, ended, or
	// was cancelled.
	Cancelled Usage
	// Failed is attempts that failed, whether they were repeated or not.
	Failed Usage
	// Lost is results that were generated and did not arrive, such as those of a worker that died, or arrived twice.
	Lost Usage
	// Untrusted is results that were refused, as they broke the contract or did not prove that they belong to a job of
	// the search, and the tokens that a child has beyond its limit, or in none of its steps.
	Untrusted Usage
}

// Add returns the sum of w and v, cause by cause.
func (w Waste) Add(v Waste) Waste {
	return Waste{
		Cancelled: w.Cancelled.Add(v.Cancelled),
		Failed:    w.Failed.Add(v.Failed),
		Lost:      w.Lost.Add(v.Lost),
		Untrusted: w.Untrusted.Add(v.Untrusted),
	}
}

// Total returns the sum over the causes.
func (w Waste) Total() (total Usage) {
	for _, u := range w.Causes() {
		total = total.Add(u)
	}
	return total
}

// Causes yields each cause, by its name in the contract, with what it has cost, which may be nothing.
func (w Waste) Causes() iter.Seq2[string, Usage] {
	return func(yield func(string, Usage) bool) {
		_ = yield("cancelled", w.Cancelled) &&
			yield("failed", w.Failed) &&
			yield("lost", w.Lost) &&
			yield("untrusted", w.Untrusted)
	}
}
