// Package difficulty is the service that estimates how hard a problem is for one
// policy: the probability that one of its samples is right (pass@1).
//
// An [Estimator] streams estimates that get better with each sample. A search
// starts from the samples that estimating took, so that they are paid for once.
package difficulty

import (
	"context"
	"iter"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An Estimator estimates difficulty. It is safe for concurrent use.
type Estimator interface {
	// Estimate yields estimates, each at least as well founded as the one before,
	// the last of them Final. A caller may leave early: what was not started is
	// not paid. An error comes last; estimates before it stay good.
	Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error]
}

// A Request names a problem.
type Request struct {
	Tenant     string
	Search     string // the search that wants to know
	Problem    string
	Seed       reasoning.Seed // the search's root: sample i is its root child i
	Sampling   reasoning.Sampling
	MaxSamples int // 1…MaxSamples; 0 is the estimator's default
}

// An Estimate is what is known so far.
type Estimate struct {
	PassRate  float64 // pass@1, in [0,1]
	Low, High float64 // its 90 % interval
	Samples   int     // so far
	Usage     reasoning.Usage
	New       []policy.Child // samples since the estimate before, scored where there is a verifier
	Final     bool
}

// Bin is the difficulty that the estimate falls into.
func (e Estimate) Bin() Bin { return BinOf(e.PassRate) }

// A Bin is a coarse difficulty.
type Bin int

const (
	Easy   Bin = iota + 1 // pass@1 ≥ 0.5
	Medium                // 0.1 ≤ pass@1 < 0.5
	Hard                  // pass@1 < 0.1
)

func (b Bin) String() string {
	switch b {
	case Easy:
		return "easy"
	case Medium:
		return "medium"
	case Hard:
		return "hard"
	}
	return "unknown"
}

// BinOf a pass rate, by the absolute thresholds of Liu et al. 2025 (arXiv
// 2502.06703, §4.1). The paper does not say which bin a threshold itself is in;
// here it is the easier one.
func BinOf(passRate float64) Bin {
	switch {
	case passRate >= 0.5:
		return Easy
	case passRate >= 0.1:
		return Medium
	}
	return Hard
}

// MaxSamples is the most that one estimate may take: Snell et al. 2024 (§3.2) used
// 2048.
const MaxSamples = 2048

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	switch {
	case r.MaxSamples < 0 || r.MaxSamples > MaxSamples:
		return reasoning.Invalid("max_samples", "must be 1 to %d, is %d", MaxSamples, r.MaxSamples)
	case len(r.Search) > maxSearch:
		return reasoning.Invalid("search_id", "must be at most %d bytes, is %d", maxSearch, len(r.Search))
	}
	return policy.Request{Tenant: r.Tenant, Search: r.Search, Problem: r.Problem, Ordinals: []int{0}, Sampling: r.Sampling}.Validate()
}
