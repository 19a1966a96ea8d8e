package search

import (
	"context"
	"iter"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Backend is what a search calls: a policy and a verifier behind their decorators. It is
// safe for concurrent use.
type Backend interface {
	// Expand yields the requested children, in any order, each as soon as it is generated.
	// An error ends the sequence: one that wraps ErrSpent ends the search, any other fails
	// the children that were not yielded. If the caller leaves the loop or cancels ctx, Expand
	// stops the remaining children.
	Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
	// Score returns a score for each step of a path. An error that wraps ErrSpent ends the
	// search; after any other error the node has no score.
	Score(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

// ErrSpent is the error of a Backend whose budget is spent. It ends the search normally, not
// as a failure.
var ErrSpent = reasoning.NewError(reasoning.KindExhausted, "BUDGET_SPENT", "budget spent")
