package verifier

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Request is a path to score.
type Request struct {
	Tenant  string
	Search  string
	Node    string // id of the path's last node, for traces: scores do not depend on it
	Problem string
	Steps   []string // byte-exact, from the root; at least one
}

// Limits of a request, checked by Validate. Tenant, Search and Node have no limit of their own.
const (
	MaxProblem = 64 << 10 // bytes
	MaxPath    = 1 << 20  // bytes of all steps
	MaxSteps   = 4096
)

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	size := 0
	for _, s := range r.Steps {
		size += len(s)
	}
	badStep := slices.IndexFunc(r.Steps, func(s string) bool { return !utf8.ValidString(s) })
	switch {
	case !utf8.ValidString(r.Tenant):
		return reasoning.Invalid("tenant", "must be UTF-8")
	case !utf8.ValidString(r.Search):
		return reasoning.Invalid("search_id", "must be UTF-8")
	case !utf8.ValidString(r.Node):
		return reasoning.Invalid("node_id", "must be UTF-8")
	case r.Problem == "":
		return reasoning.Invalid("problem", "must not be empty")
	case len(r.Problem) > MaxProblem:
		return reasoning.Invalid("problem", "must have at most %d bytes, has %d", MaxProblem, len(r.Problem))
	case !utf8.ValidString(r.Problem):
		return reasoning.Invalid("problem", "must be UTF-8")
	case len(r.Steps) == 0 || len(r.Steps) > MaxSteps:
		return reasoning.Invalid("steps", "must have 1 to %d steps, has %d", MaxSteps, len(r.Steps))
	case badStep >= 0:
		return reasoning.Invalid("steps", "must be UTF-8, step %d is not", badStep)
	case size > MaxPath:
		return reasoning.Invalid("steps", "must have at most %d bytes together, has %d", MaxPath, size)
	}
	return nil
}

// Unreported returns the cost of scoring r that is never reported: at most that of reading the path up to each of its
// steps, with a token per byte.
func (r Request) Unreported() reasoning.Cost {
	read, tokens := int64(len(r.Problem)), int64(0)
	for _, s := range r.Steps {
		read += int64(len(s))
		tokens += read
	}
	return reasoning.Cost{Unknown: reasoning.Usage{Verifier: tokens}}
}

// Check returns ErrBadScores unless scores satisfy the contract of Score for r. Every
// implementation that gets its scores from a model calls Check.
func (r Request) Check(scores []float64) error {
	if len(scores) != len(r.Steps) {
		return fmt.Errorf("%w: %d scores for %d steps: check the reward model's step delimiter", ErrBadScores, len(scores), len(r.Steps))
	}
	for i, s := range scores {
		if math.IsNaN(s) || s < 0 || s > 1 {
			return fmt.Errorf("%w: score %v of step %d is not in [0,1]", ErrBadScores, s, i)
		}
	}
	return nil
}
