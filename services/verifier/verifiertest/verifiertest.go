// Package verifiertest says what it means to be a [verifier.Verifier].
//
// [Run] is the suite that every body passes: reward models, the micro-batcher, the
// cache, the gRPC client. [Script] is a Verifier for the tests of whatever uses
// one: it says what it is told to, takes exactly the time it is told to under
// testing/synctest, and fails or hangs where it is told to.
package verifiertest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/ponder-mesh/ponder/services/verifier"
	"go.uber.org/goleak"
)

// Options say what a body cannot promise, and what suits its model. The zero value
// asks for everything.
type Options struct {
	Problem   string   // empty is a small word problem
	Steps     []string // of a solution of it, at least two; none is a solution of the word problem
	Random    bool     // scores of equal paths differ, as with judges that are sampled
	Hindsight bool     // a step's score also depends on the steps after it
	Bubble    bool     // run each check in its own testing/synctest bubble, newVerifier included

	// Leaks are goroutines that may stay, such as those of idle connections.
	Leaks []goleak.Option
}

// Run checks that the verifiers which newVerifier returns keep the interface's
// promises. It is called once a check; what it starts it stops with t.Cleanup.
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

// A check is one promise. It returns an error, so that the suite's own tests can
// see it fail.
type check struct {
	name   string
	equal  bool // compares the scores of equal paths
	causal bool // compares the scores of a path and its beginning
	run    func(ctx context.Context, v verifier.Verifier, o Options) error
}

// request is a valid request for the first n steps; 0 is all.
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
