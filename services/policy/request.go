package policy

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Whole, as a Request's Span, lets each child run until the text ends.
const Whole = 0

// A Request asks for children of one prefix. Siblings share a request so that an
// engine reads their prefix once.
type Request struct {
	Tenant   string
	Search   string // id of the search: [A-Za-z0-9_-]{1,64}
	Node     string // path of the prefix in the tree: ordinals joined by dots, "" is the root
	Problem  string
	Attempts []string       // earlier full solutions shown to the model, oldest first; usually empty
	Steps    []string       // the prefix, byte-exact
	Ordinals []int          // of the children to generate; child i is sampled with Seed.Child(i)
	Span     int            // steps per child, or Whole
	Stop     string         // ends a child, inclusively, at its first occurrence; usually empty
	Seed     reasoning.Seed // of the prefix
	Sampling reasoning.Sampling
	Model    reasoning.Model // required of the policy; an empty field accepts any

	// OnStart, if not nil, is called when a worker takes the request out of a
	// queue, once per attempt. Implementations without a queue do not call it. It
	// must not block.
	OnStart func(Start)
}

// Depth returns the depth of the prefix in the tree.
func (r Request) Depth() int { return reasoning.Depth(r.Node) }

// Limits of a request, checked before anything is allocated.
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
	stepsSize, stepsValid := measure(r.Steps)
	attemptsSize, attemptsValid := measure(r.Attempts)
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
	case stepsSize > MaxPrefix:
		return reasoning.Invalid("steps", "must have at most %d bytes together, have %d", MaxPrefix, stepsSize)
	case !stepsValid:
		return reasoning.Invalid("steps", "must be UTF-8")
	case len(r.Attempts) > MaxAttempts:
		return reasoning.Invalid("attempts", "must be at most %d, are %d", MaxAttempts, len(r.Attempts))
	case attemptsSize+stepsSize > MaxPrefix:
		return reasoning.Invalid("attempts", "must have at most %d bytes together with the steps, have %d", MaxPrefix,
			attemptsSize+stepsSize)
	case !attemptsValid:
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

// ValidSearch reports whether id can name a search; such an id is also a valid token of
// a NATS subject.
func ValidSearch(id string) bool {
	for _, c := range []byte(id) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 64
}

// measure returns the number of bytes of texts, and whether all are UTF-8.
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
