// Package policy defines the policy service, which continues solutions.
//
// A [Policy] takes a prefix and generates children of it. Model engines, the gRPC client, the
// JetStream queue and the cache of recorded results implement it and pass the suite in
// policytest. Only mains and package mesh compose them.
package policy

import (
	"context"
	"iter"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Policy continues solutions. It is safe for concurrent use.
type Policy interface {
	// Expand yields the children of r, each exactly once, as they finish and in any order.
	// There are three outcomes:
	//
	//  1. All children are yielded.
	//  2. An error ends the sequence; the children before it stay valid. The Child that is
	//     yielded with the error has only its Cost: what was wasted and is in no child, if
	//     known. The part of Usage that Waste does not name is wasted by the error: see
	//     reasoning.Cost.EndedBy.
	//  3. The caller breaks off or cancels ctx: Expand stops the unfinished children, in the
	//     queue and in the engine.
	//
	// Expand does nothing until the sequence is ranged over, which may be done once. It
	// returns ErrModel, ErrPoison and the errors of package reasoning.
	Expand(ctx context.Context, r Request) iter.Seq2[Child, error]
	// Model returns the model that generates the children, with what is known of its
	// capabilities so far. It returns the errors of package reasoning.
	Model(ctx context.Context) (Model, error)
}

// A Settler is a Policy that may learn only after Expand has ended what was spent for it, as of a
// worker that was paused. It calls Request.OnWaste then.
type Settler interface {
	// Settle ends the account of a search, after all its calls of Expand have ended, and returns an
	// upper bound of what they have cost and was never reported. OnWaste is not called any more.
	Settle(ctx context.Context, search string) (unknown reasoning.Usage)
}

// Errors of a Policy, wrapped, besides those of package reasoning. Any other error is a failure
// of the implementation.
var (
	// ErrModel indicates that the policy does not serve the requested model.
	ErrModel = reasoning.NewError(reasoning.KindPrecondition, "MODEL_NOT_SERVED", "model not served here")
	// ErrPoison indicates that as many attempts at a queued job failed in a row as it may have. Attempts
	// that an engine refused before it began do not count.
	ErrPoison = reasoning.NewError(reasoning.KindInternal, "JOB_GIVEN_UP", "job given up")
)
