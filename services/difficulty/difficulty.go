// Package difficulty defines the difficulty service, which estimates how hard a problem is for
// one policy: the probability that one of its samples is correct (pass@1).
//
// An [Estimator] streams estimates that get better with each sample. There are four:
// [Probe], [Predicted] and [Oracle] take samples, which are also the first samples of
// the search, so that they are not generated twice; [Prompt] takes none. A [Scheme] divides
// pass rates into bins.
package difficulty

import (
	"context"
	"iter"
)

// An Estimator estimates difficulty. It is safe for concurrent use.
type Estimator interface {
	// Estimate yields estimates, each based on at least as many samples as the one
	// before; the last is Final. If the caller stops early, Estimate starts no more
	// samples. An error is yielded last, with an Estimate that has only its Cost: what was
	// wasted and is in no estimate before, which stay valid. The final estimate depends on the request alone, not on the order in which
	// samples finish.
	Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error]
}
