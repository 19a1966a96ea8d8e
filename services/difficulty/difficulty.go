// Package difficulty is the service that estimates how hard a problem is for one
// policy: the probability that one of its samples is right (pass@1).
//
// An [Estimator] streams estimates that get better with each sample. There are four:
// [Probe], [Predicted] and [Oracle] take samples, which are also the first samples of
// the search, so that they are paid for once; [Prompt] takes none. A [Scheme] divides
// pass rates into bins.
package difficulty

import (
	"context"
	"iter"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An Estimator estimates difficulty. It is safe for concurrent use.
type Estimator interface {
	// Estimate yields estimates, each based on at least as many samples as the one
	// before; the last is Final. If the caller stops early, Estimate starts no more
	// samples. An error is yielded last; the estimates before it stay valid. The
	// final estimate depends on the request alone, not on the order in which
	// samples finish.
	Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error]
}

// A Request asks for the difficulty of a problem.
type Request struct {
	Tenant     string
	Search     string // id of the search that needs the estimate
	Problem    string
	Seed       reasoning.Seed // of the search's root: sample i is child i of the root
	Sampling   reasoning.Sampling
	MaxSamples int // 1…MaxSamples; 0 is the estimator's default
	Method     Method
	Scheme     Scheme // zero is Absolute
	Answer     string // the known answer, for MethodOracle only
}

// An Estimate is an estimate from the samples so far.
type Estimate struct {
	PassRate  float64 // pass@1, in [0,1]
	Low, High float64 // 90 % interval of the pass rate
	Bin       int     // of the pass rate, from 0, the easiest
	Label     string  // of the bin
	Settled   bool    // the whole interval lies in the bin
	Samples   int     // so far
	Usage     reasoning.Usage
	New       []policy.Child // samples since the last estimate, with scores if there is a verifier
	Final     bool
}

// withBin returns e with the bin of its pass rate in s.
func (e Estimate) withBin(s Scheme) Estimate {
	e.Bin = s.Bin(e.PassRate)
	e.Label = s.Label(e.Bin)
	e.Settled = s.Bin(e.Low) == s.Bin(e.High)
	return e
}

// MaxSamples is the most samples of one estimate. Snell et al. 2024 (arXiv 2408.03314,
// §3.2) took 2048.
const MaxSamples = 2048

// scheme returns the scheme of the request, or the default.
func (r Request) scheme() Scheme {
	if r.Scheme.Name == "" && len(r.Scheme.Edges) == 0 {
		return Absolute
	}
	return r.Scheme
}

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	switch {
	case r.MaxSamples < 0 || r.MaxSamples > MaxSamples:
		return reasoning.Invalid("max_samples", "must be 1 to %d, is %d", MaxSamples, r.MaxSamples)
	case len(r.Search) > maxSearch:
		return reasoning.Invalid("search_id", "must be at most %d bytes, is %d", maxSearch, len(r.Search))
	case r.Method < 0 || int(r.Method) >= len(methodNames):
		return reasoning.Invalid("method", "must be one of %v, is %d", methodNames, r.Method)
	case r.Method == MethodOracle && r.Answer == "":
		return reasoning.Invalid("answer", "must not be empty for method oracle, which counts right samples")
	case r.Method != MethodOracle && r.Answer != "":
		return reasoning.Invalid("answer", "must be empty for method %s, only oracle uses it", r.Method)
	case len(r.Answer) > policy.MaxProblem || !utf8.ValidString(r.Answer):
		return reasoning.Invalid("answer", "must be UTF-8 of at most %d bytes", policy.MaxProblem)
	}
	if err := r.scheme().Validate(); err != nil {
		return err
	}
	return policy.Request{
		Tenant: r.Tenant, Search: r.Search, Problem: r.Problem, Ordinals: []int{0}, Sampling: r.Sampling,
	}.Validate()
}
