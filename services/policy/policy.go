// Package policy is the service that continues solutions.
//
// A [Policy] takes a prefix and generates children of it. A model engine, a gRPC
// client, a JetStream queue and a memo of earlier results all implement this one
// interface, and all pass the suite in policytest; only mains and package mesh know
// which are stacked on which.
package policy

import (
	"context"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Policy continues solutions. It is safe for concurrent use.
type Policy interface {
	// Expand yields the children that r asks for, each exactly once, as they
	// finish and in any order. Three things may happen: all children are yielded;
	// an error is yielded last, and the children before it stay valid; or the
	// caller stops the iteration or cancels ctx, and Expand stops the unfinished
	// children, in the queue and in the engine. Beside an error the Child is empty
	// but for its Usage: the wasted tokens, where their number is known. The
	// sequence can be ranged over once; without a range Expand does nothing.
	Expand(ctx context.Context, r Request) iter.Seq2[Child, error]
	// Model returns the identity of the model that generates the children.
	Model(ctx context.Context) (reasoning.Model, error)
}

// A Start reports that a worker began an attempt at a queued request.
type Start struct {
	Worker    string
	Attempt   int // from 1
	QueueWait time.Duration
}

// A Child is one continuation of a prefix.
type Child struct {
	Ordinal  int
	Steps    []reasoning.Step // at least one; a Stop ends the last as a delimiter does
	Finish   reasoning.Finish // FinishStep also at a Stop
	Usage    reasoning.Usage  // the shared prefix is charged to the first child that finishes
	Generate time.Duration    // time that generating took
	Start                     // zero if there was no queue
}

// A Policy returns these errors, wrapped, beside those of package reasoning. Any other
// error is a failure of the implementation.
var (
	// ErrModel indicates that the policy does not serve the requested model.
	ErrModel = reasoning.NewError(reasoning.KindPrecondition, "MODEL_NOT_SERVED", "model not served here")
	// ErrPoison indicates that every attempt at a queued job failed.
	ErrPoison = reasoning.NewError(reasoning.KindInternal, "JOB_GIVEN_UP", "job given up")
)
