// Package verifiertest defines what it means to be a [verifier.Verifier].
//
// [Run] is the suite that every implementation passes: reward models, the
// micro-batcher, the cache, the gRPC client. [Script] is a Verifier for the tests of
// packages that use one: its scores, their exact delays under testing/synctest and its
// failures are scripted.
package verifiertest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/ponder-mesh/ponder/services/verifier"
	"go.uber.org/goleak"
)

// Options adapt the suite to an implementation and its model. The zero value runs
// every check.
type Options struct {
	Problem   string   // empty is a small word problem
	Steps     []string // a solution of Problem with at least two steps; nil is one of the word problem
	Random    bool     // scores of equal paths differ, as with reward models that are sampled
	Hindsight bool     // a step's score also depends on the steps after it
	Bubble    bool     // run each check in its own testing/synctest bubble, newVerifier included

	// Leaks lists goroutines that may keep running, such as those of idle connections.
	Leaks []goleak.Option
}

// Run checks that the verifiers which newVerifier returns keep the interface's
// promises. It calls newVerifier once per check; newVerifier registers its clean-up
// with t.Cleanup.
func Run(t *testing.T, newVerifier func(t *testing.T) verifier.Verifier, o Options) {
	t.Helper()
	for _, c := range checks {
		if c.equal && o.Random || c.causal && o.Hindsight {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			body := func(t *testing.T) {
				if err := c.run(t.Context(), newVerifier(t), o); err != nil {
					t.Error(err)
				}
			}
			if o.Bubble {
				synctest.Test(t, body)
			} else {
				body(t)
			}
		})
	}
}

// A check tests one promise. It returns an error rather than failing a test, so that
// the suite's own tests can show that it fails.
type check struct {
	name   string
	equal  bool // compares the scores of equal paths
	causal bool // compares the scores of a path and its beginning
	run    func(ctx context.Context, v verifier.Verifier, o Options) error
}

// request returns a valid request for the first n steps, or for all if n is 0.
func (o Options) request(n int) verifier.Request {
	if o.Problem == "" {
		o.Problem = "Ann has 48 apples. She buys 36 more and eats 2. How many apples has she?"
	}
	if o.Steps == nil {
		o.Steps = []string{"48+36=84\n", "84-2=82\n", "A:82\n"}
	}
	if n == 0 {
		n = len(o.Steps)
	}
	return verifier.Request{Tenant: "test", Search: "conformance", Node: "0.0.0", Problem: o.Problem, Steps: o.Steps[:n]}
}
