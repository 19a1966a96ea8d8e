// Package policy is the service that continues solutions.
//
// A [Policy] takes a prefix and writes children of it. A model engine, a gRPC
// client, a JetStream queue and a memo of earlier results are all bodies of this
// one interface, and all pass the suite in policytest; only mains and package mesh
// know which are stacked on which.
package policy

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Policy continues solutions. It is safe for concurrent use.
type Policy interface {
	// Expand yields the children that r asks for, each exactly once, as they
	// finish and in any order. Three things may happen: all come; an error comes
	// last, and what came before it stays good; or the caller leaves early or
	// cancels ctx, and then what was not finished is stopped, in the queue and in
	// the engine. Beside an error the Child is empty but for its Usage: what was
	// written in vain, where that is known. The sequence can be ranged over once.
	// Nothing is done before.
	Expand(ctx context.Context, r Request) iter.Seq2[Child, error]
	// Model is the identity of the model that continues solutions here.
	Model(ctx context.Context) (reasoning.Model, error)
}

// Whole, as a Request's Span, lets each child run until the text ends.
const Whole = 0

// A Request asks for children of one prefix. Siblings travel together so that
// their prefix is read once.
type Request struct {
	Tenant   string
	Search   string // the search it belongs to: [A-Za-z0-9_-]{1,64}
	Node     string // the prefix's place in the tree: ordinals joined by dots, "" is the root
	Problem  string
	Attempts []string       // whole solutions that the writer sees and is to improve on, oldest first, perhaps with words on each; mostly none
	Steps    []string       // the prefix, byte-exact
	Ordinals []int          // which children; child i's chance is Seed.Child(i)
	Span     int            // steps a child, or Whole
	Stop     string         // text that, once written, ends a child and belongs to it, though the text may go on; mostly none
	Seed     reasoning.Seed // of the prefix
	Sampling reasoning.Sampling
	Model    reasoning.Model // that must do it; what is empty accepts any

	// OnStart, if not nil, is told when a worker takes the request out of a
	// queue, once per attempt. Bodies without a queue do not call it. It must not
	// block.
	OnStart func(Start)
}

// A Start says that a queued request is being worked on.
type Start struct {
	Worker    string
	Attempt   int // from 1
	QueueWait time.Duration
}

// A Child is one continuation of a prefix.
type Child struct {
	Ordinal  int
	Steps    []reasoning.Step // at least one; a Stop ends the last like a delimiter
	Finish   reasoning.Finish // FinishStep also at a Stop
	Usage    reasoning.Usage  // the shared prefix is charged to the first child that finishes
	Generate time.Duration    // time it took
	Start                     // zero if there was no queue
}

// Depth returns the depth of the prefix.
func (r Request) Depth() int { return reasoning.Depth(r.Node) }

// Errors that a Policy returns, wrapped, beside those of package reasoning. Any
// other is a failure of the body.
var (
	ErrModel  = reasoning.NewError(reasoning.KindPrecondition, "MODEL_NOT_SERVED", "model not served here")
	ErrPoison = reasoning.NewError(reasoning.KindInternal, "JOB_GIVEN_UP", "job given up") // every attempt at it failed
)

// Limits of a request, checked before anything is allocated.
const (
	MaxTenant   = 128      // bytes
	MaxNode     = 4096     // bytes
	MaxProblem  = 64 << 10 // bytes
	MaxPrefix   = 1 << 20  // bytes of all attempts and steps
	MaxSteps    = 4096
	MaxAttempts = 4 // that a reviser sees (Snell et al. 2024, arXiv 2408.03314, §6.1)
	MaxChildren = 1024
	MaxTokens   = 32768
	MaxSpan     = 4096
	MaxStop     = 64 // bytes
)

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	size, text := measure(r.Steps)
	seen, read := measure(r.Attempts)
	switch {
	case len(r.Tenant) > MaxTenant || !utf8.ValidString(r.Tenant):
		return reasoning.Invalid("tenant", "must be at most %d bytes of UTF-8", MaxTenant)
	case !ValidSearch(r.Search):
		return reasoning.Invalid("search_id", "must be 1 to 64 of A–Z a–z 0–9 _ -, is %.70q", r.Search)
	case len(r.Node) > MaxNode || !utf8.ValidString(r.Node):
		return reasoning.Invalid("node_id", "must be at most %d bytes of UTF-8", MaxNode)
	case r.Problem == "":
		return reasoning.Invalid("problem", "must not be empty")
	case len(r.Problem) > MaxProblem:
		return reasoning.Invalid("problem", "must have at most %d bytes, has %d", MaxProblem, len(r.Problem))
	case !utf8.ValidString(r.Problem):
		return reasoning.Invalid("problem", "must be UTF-8")
	case len(r.Steps) > MaxSteps:
		return reasoning.Invalid("steps", "must be at most %d, are %d", MaxSteps, len(r.Steps))
	case size > MaxPrefix:
		return reasoning.Invalid("steps", "must have at most %d bytes together, have %d", MaxPrefix, size)
	case !text:
		return reasoning.Invalid("steps", "must be UTF-8")
	case len(r.Attempts) > MaxAttempts:
		return reasoning.Invalid("attempts", "must be at most %d, are %d", MaxAttempts, len(r.Attempts))
	case seen+size > MaxPrefix:
		return reasoning.Invalid("attempts", "must have at most %d bytes together with the steps, have %d", MaxPrefix, seen+size)
	case !read:
		return reasoning.Invalid("attempts", "must be UTF-8")
	case len(r.Ordinals) == 0 || len(r.Ordinals) > MaxChildren:
		return reasoning.Invalid("ordinals", "must be 1 to %d, are %d", MaxChildren, len(r.Ordinals))
	case slices.Min(r.Ordinals) < 0 || slices.Max(r.Ordinals) > math.MaxInt32:
		return reasoning.Invalid("ordinals", "must be 0 to %d", math.MaxInt32)
	case hasDuplicates(r.Ordinals):
		return reasoning.Invalid("ordinals", "must be distinct")
	case r.Span < 0 || r.Span > MaxSpan:
		return reasoning.Invalid("span", "must be 0 (whole) to %d, is %d", MaxSpan, r.Span)
	case len(r.Stop) > MaxStop || !utf8.ValidString(r.Stop):
		return reasoning.Invalid("stop", "must be at most %d bytes of UTF-8", MaxStop)
	}
	return ValidateSampling(r.Sampling)
}

// ValidateSampling returns a *reasoning.InvalidError for the first rule that s breaks.
func ValidateSampling(s reasoning.Sampling) error {
	switch {
	case !(s.Temperature >= 0 && s.Temperature <= 2): // also NaN
		return reasoning.Invalid("sampling.temperature", "must be in [0,2], is %v", s.Temperature)
	case !(s.TopP > 0 && s.TopP <= 1):
		return reasoning.Invalid("sampling.top_p", "must be in (0,1], is %v", s.TopP)
	case s.MaxTokens < 1 || s.MaxTokens > MaxTokens:
		return reasoning.Invalid("sampling.max_tokens", "must be 1 to %d, is %d", MaxTokens, s.MaxTokens)
	}
	return nil
}

// ValidSearch says whether id can name a search: in a NATS subject, too.
func ValidSearch(id string) bool {
	for _, c := range []byte(id) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 64
}

// measure is how many bytes texts have together, and whether they are UTF-8.
func measure(texts []string) (size int, valid bool) {
	valid = true
	for _, s := range texts {
		size += len(s)
		valid = valid && utf8.ValidString(s)
	}
	return size, valid
}

func hasDuplicates(ordinals []int) bool {
	sorted := slices.Clone(ordinals)
	slices.Sort(sorted)
	return len(slices.Compact(sorted)) != len(ordinals)
}
