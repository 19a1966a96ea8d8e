// Package verifier is the service that judges solutions step by step.
//
// A [Verifier] gives each step of a path one score: the belief that the path is
// right up to and including it. Process reward models behind any server, a pocket
// reward model, a micro-batcher, a cache and a gRPC client are bodies of this one
// interface, and all pass the suite in verifiertest.
package verifier

import (
	"context"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Verifier judges paths. It is safe for concurrent use.
type Verifier interface {
	// Score judges every step of the path. The result has exactly as many scores
	// as the request has steps, each in [0,1]; anything else that a model says is
	// an ErrBadScores. An error means that nothing was scored.
	Score(ctx context.Context, r Request) (Result, error)
	// RewardModel is the identity of the reward model and the aggregator it was chosen for.
	RewardModel(ctx context.Context) (RewardModel, error)
}

// A Request is a path to score.
type Request struct {
	Tenant  string
	Search  string
	Node    string // the node whose path this is; for traces, it does not change the scores
	Problem string
	Steps   []string // byte-exact, from the root; at least one
}

// A Result is the scores of one path.
type Result struct {
	Scores []float64 // one a step, in [0,1]
	Usage  reasoning.Usage
	Took   time.Duration
}

// A RewardModel is a reward model as a search knows it.
type RewardModel struct {
	reasoning.Model
	Aggregator Aggregator
}

// ErrBadScores is a reward model that gave the wrong number of scores, or one
// outside [0,1]. The other errors of a Verifier are those of package reasoning.
var ErrBadScores = reasoning.NewError(reasoning.KindInternal, "MISJUDGED", "verifier misjudged")

// Limits of a request, checked before anything is allocated.
const (
	MaxProblem = 64 << 10 // bytes
	MaxPath    = 1 << 20  // bytes of all steps
	MaxSteps   = 4096
)

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	size, text := 0, true
	for _, s := range r.Steps {
		size += len(s)
		text = text && utf8.ValidString(s)
	}
	switch {
	case !utf8.ValidString(r.Tenant) || !utf8.ValidString(r.Search) || !utf8.ValidString(r.Node):
		return reasoning.Invalid("search_id", "must be UTF-8, as must tenant and node_id")
	case r.Problem == "":
		return reasoning.Invalid("problem", "must not be empty")
	case len(r.Problem) > MaxProblem:
		return reasoning.Invalid("problem", "must have at most %d bytes, has %d", MaxProblem, len(r.Problem))
	case !utf8.ValidString(r.Problem):
		return reasoning.Invalid("problem", "must be UTF-8")
	case len(r.Steps) == 0 || len(r.Steps) > MaxSteps:
		return reasoning.Invalid("steps", "must be 1 to %d, are %d", MaxSteps, len(r.Steps))
	case !text:
		return reasoning.Invalid("steps", "must be UTF-8")
	case size > MaxPath:
		return reasoning.Invalid("steps", "must have at most %d bytes together, have %d", MaxPath, size)
	}
	return nil
}

// Check returns an ErrBadScores unless scores are as Score promises for r. Every
// body that hears scores from a model calls it.
func (r Request) Check(scores []float64) error {
	if len(scores) != len(r.Steps) {
		return fmt.Errorf("%w: %d scores for %d steps", ErrBadScores, len(scores), len(r.Steps))
	}
	for i, s := range scores {
		if math.IsNaN(s) || s < 0 || s > 1 {
			return fmt.Errorf("%w: score %v of step %d is not in [0,1]", ErrBadScores, s, i)
		}
	}
	return nil
}
