// Package policytest defines what it means to be a [policy.Policy].
//
// [Run] is the suite that every implementation passes: engines, the gRPC client, the
// queue, the memo. [Script] is a Policy for the tests of packages that use one: its
// children, their exact delays under testing/synctest, its failures, hangs and crashes
// are scripted.
package policytest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"go.uber.org/goleak"
)

// Options adapt the suite to an implementation and its model. The zero value runs
// every check.
type Options struct {
	Problem         string // for the model to solve; empty is a small word problem
	MaxTokens       int    // per child; 0 is 256
	Random          bool   // samples do not depend on the seed alone, as with HTTP engines: skip comparisons
	Queued          bool   // requests wait in a queue: OnStart is called, and a model without a worker is waited for
	EachReads       bool   // each child reads the prompt by itself, and is charged with it
	ReportsProgress bool   // OnProgress is called
	Bubble          bool   // run each check in its own testing/synctest bubble, newPolicy included

	// Leaks lists goroutines that may keep running, such as those of idle connections.
	Leaks []goleak.Option
}

// Run checks that the policies which newPolicy returns keep the interface's promises.
// It calls newPolicy once per check; newPolicy registers its clean-up with t.Cleanup.
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

// A check tests one promise. It returns an error rather than failing a test, so that
// the suite's own tests can show that it fails.
type check struct {
	name   string
	seeded bool // compares children that have the same seed
	run    func(ctx context.Context, p policy.Policy, o Options) error
}

// request returns a valid request for these children of the root.
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
