// Package verifier defines the verifier service, which scores solutions step by step.
//
// A [Verifier] gives each step of a path one score: the estimated probability that the path is
// correct up to this step. Clients of inference servers, the pocket reward model and the gRPC
// client implement it and pass the suite in verifiertest.
package verifier

import (
	"context"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Verifier scores paths. It is safe for concurrent use.
type Verifier interface {
	// Score scores every step of the path. The result has exactly as many scores
	// as the request has steps, each in [0,1]; any other output of a model is an
	// ErrBadScores. With an error the result has no scores, only its Cost: what was wasted, if
	// known. The part of Usage that Waste does not name is wasted by the error: see
	// reasoning.Cost.EndedBy.
	Score(ctx context.Context, r Request) (Result, error)
	// RewardModel returns the identity of the reward model and its aggregator.
	RewardModel(ctx context.Context) (RewardModel, error)
}

// ErrBadScores indicates that a reward model returned the wrong number of scores, or
// one outside [0,1]. The other errors of a Verifier are those of package reasoning.
var ErrBadScores = reasoning.NewError(reasoning.KindInternal, "BAD_SCORES", "verifier returned invalid scores")
