// Package difficulty is the service that estimates how hard a problem is for one
// policy: the probability that one of its samples is right (pass@1).
//
// An [Estimator] streams estimates that get better with each sample. There are four:
// [Probe], [Predicted] and [Oracle] take samples, which a search then starts from, so
// that they are paid for once; [Prompt] takes none. A [Scheme] cuts what they say into
// bins.
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
	// Estimate yields estimates, each at least as well founded as the one before,
	// the last of them Final. A caller may leave early: what was not started is
	// not paid. An error comes last; estimates before it stay good. The last
	// estimate depends on the request alone, not on which sample came first.
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
	Method     Method
	Scheme     Scheme // zero is Absolute
	Answer     string // the known one: for method oracle, and no other
}

// An Estimate is what is known so far.
type Estimate struct {
	PassRate  float64 // pass@1, in [0,1]
	Low, High float64 // its 90 % interval
	Bin       int     // that the pass rate falls into, from 0, the easiest
	Label     string  // what people call the bin
	Settled   bool    // all of the interval is in the bin
	Samples   int     // so far
	Usage     reasoning.Usage
	New       []policy.Child // samples since the estimate before, scored where a verifier did
	Final     bool
}

// in is e with its place in a scheme.
func (e Estimate) in(s Scheme) Estimate {
	e.Bin = s.Bin(e.PassRate)
	e.Label = s.Label(e.Bin)
	e.Settled = s.Bin(e.Low) == s.Bin(e.High)
	return e
}

// MaxSamples is the most that one estimate may take: Snell et al. 2024 (§3.2) used
// 2048.
const MaxSamples = 2048

// scheme of the request.
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
		return reasoning.Invalid("answer", "must be there for method oracle, which counts what is right")
	case r.Method != MethodOracle && r.Answer != "":
		return reasoning.Invalid("answer", "must not be there for method %s: who knows it needs no estimate", r.Method)
	case len(r.Answer) > policy.MaxProblem || !utf8.ValidString(r.Answer):
		return reasoning.Invalid("answer", "must be UTF-8 of at most %d bytes", policy.MaxProblem)
	}
	if err := r.scheme().Validate(); err != nil {
		return err
	}
	return policy.Request{Tenant: r.Tenant, Search: r.Search, Problem: r.Problem, Ordinals: []int{0}, Sampling: r.Sampling}.Validate()
}
