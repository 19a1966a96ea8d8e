package policy

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Whole is the Span of a child that runs to the end of the text.
const Whole = 0

// A Request asks for children of one prefix. Siblings share a request so that an
// engine processes their prefix once.
type Request struct {
	Tenant   string
	Search   string // id of the search: [A-Za-z0-9_-]{1,64}
	Node     string // path of the prefix in the tree: ordinals joined by dots, "" is the root
	Problem  string
	Attempts []string       // earlier full solutions shown to the model, oldest first; usually empty
	Steps    []string       // the prefix, byte-exact
	Ordinals []int          // of the children to generate; child i is sampled with Seed.Child(i)
	Span     int            // steps per child, or Whole
	Stop     string         // string that ends a child and is included in it; usually empty
	Seed     reasoning.Seed // of the prefix
	Sampling reasoning.Sampling
	Model    reasoning.Model // constraints on the serving model; an empty field accepts any

	// OnStart, if not nil, is called when a worker dequeues the request, once per
	// attempt. Implementations without a queue do not call it. It
	// must not block.
	OnStart func(Start)
	// OnProgress, if not nil, is called while a child is generated, with its ordinal and what it
	// has cost so far; not after the child was yielded. Engines call it for each token or few;
	// other implementations need not. It may be called concurrently, and must not block.
	OnProgress func(ordinal int, spent reasoning.Usage)
	// OnWait, if not nil, is called when an engine has refused an attempt before it began, as an
	// engine does that is restarting or that throttles, and the request waits for another, with
	// the reason. Implementations without a queue do not call it. It must not block.
	OnWait func(error)
	// OnWaste, if not nil, is called with what was wasted and is in no child and no error, as
	// by an attempt that ends after the last child or after the caller has broken off. It may
	// be called at any time, also after the sequence has ended, and must not block.
	OnWaste func(reasoning.Cost)
}

// Wasted calls OnWaste with a cost that is not zero.
func (r Request) Wasted(c reasoning.Cost) {
	if r.OnWaste != nil && c != (reasoning.Cost{}) {
		r.OnWaste(c)
	}
}

// Depth returns the depth of the prefix in the tree.
func (r Request) Depth() int { return reasoning.Depth(r.Node) }

// Unreported returns the cost of n children of r that is never reported: at most all tokens that they may have.
func (r Request) Unreported(n int) reasoning.Cost {
	return reasoning.Cost{Unknown: reasoning.Usage{Generated: int64(n) * int64(r.Sampling.MaxTokens)}}
}

// Limits of a request, checked by Validate.
const (
	MaxTenant   = 128      // bytes
	MaxNode     = 4096     // bytes
	MaxProblem  = 64 << 10 // bytes
	MaxPrefix   = 1 << 20  // bytes of all attempts and steps
	MaxSteps    = 4096
	MaxAttempts = 4 // shown to a reviser (Snell et al. 2024, arXiv 2408.03314, §6.1)
	MaxChildren = 1024
	MaxTokens   = 32768
	MaxSpan     = 4096
	MaxStop     = 64 // bytes
)

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	stepsSize, badStep := measure(r.Steps)
	attemptsSize, badAttempt := measure(r.Attempts)
	switch {
	case len(r.Tenant) > MaxTenant || !utf8.ValidString(r.Tenant):
		return reasoning.Invalid("tenant", "must be at most %d bytes of UTF-8", MaxTenant)
	case !ValidSearch(r.Search):
		return reasoning.Invalid("search_id", "must have 1 to 64 characters out of A-Z a-z 0-9 _ -, is %.70q", r.Search)
	case len(r.Node) > MaxNode || !utf8.ValidString(r.Node):
		return reasoning.Invalid("node_id", "must be at most %d bytes of UTF-8", MaxNode)
	case r.Problem == "":
		return reasoning.Invalid("problem", "must not be empty")
	case len(r.Problem) > MaxProblem:
		return reasoning.Invalid("problem", "must have at most %d bytes, has %d", MaxProblem, len(r.Problem))
	case !utf8.ValidString(r.Problem):
		return reasoning.Invalid("problem", "must be UTF-8")
	case len(r.Steps) > MaxSteps:
		return reasoning.Invalid("steps", "must have at most %d steps, has %d", MaxSteps, len(r.Steps))
	case stepsSize > MaxPrefix:
		return reasoning.Invalid("steps", "must have at most %d bytes together, has %d", MaxPrefix, stepsSize)
	case badStep >= 0:
		return reasoning.Invalid("steps", "must be UTF-8, step %d is not", badStep)
	case len(r.Attempts) > MaxAttempts:
		return reasoning.Invalid("attempts", "must have at most %d attempts, has %d", MaxAttempts, len(r.Attempts))
	case attemptsSize+stepsSize > MaxPrefix:
		return reasoning.Invalid("attempts", "must have at most %d bytes together with the steps, has %d", MaxPrefix,
			attemptsSize+stepsSize)
	case badAttempt >= 0:
		return reasoning.Invalid("attempts", "must be UTF-8, attempt %d is not", badAttempt)
	case len(r.Ordinals) == 0 || len(r.Ordinals) > MaxChildren:
		return reasoning.Invalid("ordinals", "must have 1 to %d ordinals, has %d", MaxChildren, len(r.Ordinals))
	case slices.Min(r.Ordinals) < 0 || slices.Max(r.Ordinals) > math.MaxInt32:
		return reasoning.Invalid("ordinals", "must each be 0 to %d, are %d to %d", math.MaxInt32,
			slices.Min(r.Ordinals), slices.Max(r.Ordinals))
	case hasDuplicates(r.Ordinals):
		return reasoning.Invalid("ordinals", "must be distinct")
	case r.Span < 0 || r.Span > MaxSpan:
		return reasoning.Invalid("span", "must be 0 (whole) to %d, is %d", MaxSpan, r.Span)
	case len(r.Stop) > MaxStop || !utf8.ValidString(r.Stop):
		return reasoning.Invalid("stop", "must be at most %d bytes of UTF-8", MaxStop)
	}
	return ValidateSampling(r.Sampling)
}

// measure returns the number of bytes of texts, and the index of the first text that is not
// UTF-8, -1 if all are.
func measure(texts []string) (size, bad int) {
	for _, s := range texts {
		size += len(s)
	}
	return size, slices.IndexFunc(texts, func(s string) bool { return !utf8.ValidString(s) })
}

func hasDuplicates(ordinals []int) bool {
	sorted := slices.Clone(ordinals)
	slices.Sort(sorted)
	return len(slices.Compact(sorted)) != len(ordinals)
}
