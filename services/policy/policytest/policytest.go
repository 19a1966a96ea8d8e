// Package policytest says what it means to be a [policy.Policy].
//
// [Run] is the suite that every body passes: engines, the gRPC client, the queue,
// the memo. [Script] is a Policy for the tests of whatever uses one: it says what
// it is told to, takes exactly the time it is told to under testing/synctest, and
// fails, hangs or crashes where it is told to.
package policytest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"go.uber.org/goleak"
)

// Options say what a body cannot promise, and what suits its model. The zero value
// asks for everything.
type Options struct {
	Problem   string // that the model continues; empty is a small word problem
	MaxTokens int    // of a child; 0 is 256
	Random    bool   // chance is not the seed's alone, as with HTTP engines: children cannot be compared
	Queued    bool   // requests wait in a queue: OnStart is called, and a model that nobody serves is waited for
	Bubble    bool   // run each check in its own testing/synctest bubble, newPolicy included

	// Leaks are goroutines that may stay, such as those of idle connections.
	Leaks []goleak.Option
}

// Run checks that the policies which newPolicy returns keep the interface's
// promises. It is called once a check; what it starts it stops with t.Cleanup.
func Run(t *testing.T, newPolicy func(t *testing.T) policy.Policy, o Options) {
	t.Helper()
	for _, c := range checks {
		if o.Random && c.seeded {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			body := func(t *testing.T) {
				if err := c.run(t.Context(), newPolicy(t), o); err != nil {
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
	seeded bool // compares children by seed
	run    func(ctx context.Context, p policy.Policy, o Options) error
}

// request is a valid request for these children of the root.
func (o Options) request(span int, ordinals ...int) policy.Request {
	if o.Problem == "" {
		o.Problem = "Ann has 48 apples. She buys 36 more. How many apples has she?"
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = 256
	}
	return policy.Request{
		Tenant:   "test",
		Search:   "conformance",
		Problem:  o.Problem,
		Ordinals: ordinals,
		Span:     span,
		Seed:     7,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: o.MaxTokens},
	}
}
