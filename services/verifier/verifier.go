// Package verifier is the service that scores solutions step by step.
//
// A [Verifier] gives each step of a path one score: the estimated probability that the
// path is right up to and including it. Process reward models behind any server, a
// pocket reward model, a micro-batcher, a cache and a gRPC client all implement this
// one interface, and all pass the suite in verifiertest.
package verifier

import (
	"context"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Verifier scores paths. It is safe for concurrent use.
type Verifier interface {
	// Score scores every step of the path. The result has exactly as many scores
	// as the request has steps, each in [0,1]; any other output of a model is an
	// ErrBadScores. With an error there are no scores at all.
	Score(ctx context.Context, r Request) (Result, error)
	// RewardModel returns the identity of the reward model and its aggregator.
	RewardModel(ctx context.Context) (RewardModel, error)
}

// A Request is a path to score.
type Request struct {
	Tenant  string
	Search  string
	Node    string // id of the path's last node, for traces: scores do not depend on it
	Problem string
	Steps   []string // byte-exact, from the root; at least one
}

// A Result is the scores of one path.
type Result struct {
	Scores []float64 // one per step, in [0,1]
	Usage  reasoning.Usage
	Took   time.Duration
}

// A RewardModel identifies a reward model and names the aggregator to use with it.
type RewardModel struct {
	reasoning.Model
	Aggregator Aggregator `json:"aggregator,omitzero"`
}

// ErrBadScores indicates that a reward model returned the wrong number of scores, or
// one outside [0,1]. The other errors of a Verifier are those of package reasoning.
var ErrBadScores = reasoning.NewError(reasoning.KindInternal, "BAD_SCORES", "verifier returned invalid scores")

// Limits of a request, checked before anything is allocated.
const (
	MaxProblem = 64 << 10 // bytes
	MaxPath    = 1 << 20  // bytes of all steps
	MaxSteps   = 4096
)

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	size, valid := 0, true
	for _, s := range r.Steps {
		size += len(s)
		valid = valid && utf8.ValidString(s)
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
	case !valid:
		return reasoning.Invalid("steps", "must be UTF-8")
	case size > MaxPath:
		return reasoning.Invalid("steps", "must have at most %d bytes together, have %d", MaxPath, size)
	}
	return nil
}

// Check returns an ErrBadScores unless scores keep the promises of Score for r. Every
// implementation that gets its scores from a model calls Check.
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
