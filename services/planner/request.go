package planner

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Request poses a problem.
type Request struct {
	Tenant         string
	Problem        string
	Effort         Effort            // how much to spend; Budget and Strategy leave it only what they do not say
	Budget         backend.Budget    // bounds that are zero do not bound
	Samples        int               // whole samples' worth of text, on the average over problems; 0: the effort's, or as much as the budget allows
	Estimate       bool              // of difficulty, even where the strategy is given
	Deadline       time.Time         // zero: the planner's default from now
	Strategy       search.Strategy   // nil: planned
	Choice         *search.Choice    // nil: planned
	Thinking       *backend.Thinking // nil: as long as the policy likes
	Temperature    *float64          // nil: the planner's default, as are the next two
	TopP           *float64
	MaxTokens      *int
	Seed           reasoning.Seed // 0 is 1
	IdempotencyKey string         // with the same tenant and key the same search is followed
}

// MaxKey is the longest idempotency key, in bytes.
const MaxKey = 128

// An Effort says how much to spend. The names are those of reasoning_effort.
type Effort int

const (
	EffortNone    Effort = iota + 1 // one greedy sample
	EffortMinimal                   // hardly anything
	EffortLow
	EffortMedium // the default; "medium" to clients
	EffortHigh
	EffortXHigh
	EffortMax // as much as the planner allows
)

var effortNames = []string{"", "none", "minimal", "low", "medium", "high", "xhigh", "max"}

func (e Effort) String() string {
	if e < EffortNone || e > EffortMax {
		return "unknown"
	}
	return effortNames[e]
}

// ParseEffort is the effort with this name.
func ParseEffort(name string) (Effort, error) {
	for e := EffortNone; e <= EffortMax; e++ {
		if effortNames[e] == name {
			return e, nil
		}
	}
	return 0, reasoning.Invalid("effort", "%q must be one of %v", name, effortNames[1:])
}

// sampling is how the policy draws tokens for r.
func (r Request) sampling(defaults reasoning.Sampling) reasoning.Sampling {
	s := defaults
	if r.Temperature != nil {
		s.Temperature = *r.Temperature
	}
	if r.TopP != nil {
		s.TopP = *r.TopP
	}
	if r.MaxTokens != nil {
		s.MaxTokens = *r.MaxTokens
	}
	return s
}

// validate returns a *reasoning.InvalidError for the first rule that r breaks,
// before anything is spent.
func (r Request) validate(now time.Time, defaults reasoning.Sampling) error {
	switch {
	case len(r.Tenant) > policy.MaxTenant || !utf8.ValidString(r.Tenant):
		return reasoning.Invalid("tenant", "must be at most %d bytes of UTF-8", policy.MaxTenant)
	case r.Problem == "":
		return reasoning.Invalid("problem", "must not be empty")
	case len(r.Problem) > policy.MaxProblem:
		return reasoning.Invalid("problem", "must have at most %d bytes, has %d", policy.MaxProblem, len(r.Problem))
	case !utf8.ValidString(r.Problem):
		return reasoning.Invalid("problem", "must be UTF-8")
	case r.Effort < 0 || r.Effort > EffortMax:
		return reasoning.Invalid("effort", "must be one of %v", effortNames[1:])
	case r.Budget.PolicyTokens < 0:
		return reasoning.Invalid("budget.policy_tokens", "must not be negative, is %d", r.Budget.PolicyTokens)
	case r.Budget.VerifierTokens < 0:
		return reasoning.Invalid("budget.verifier_tokens", "must not be negative, is %d", r.Budget.VerifierTokens)
	case !(r.Budget.FLOPs >= 0): // also NaN
		return reasoning.Invalid("budget.flops", "must not be negative, is %v", r.Budget.FLOPs)
	case r.Samples < 0 || r.Samples > search.MaxN:
		return reasoning.Invalid("budget.samples", "must be 0 to %d, is %d", search.MaxN, r.Samples)
	case !r.Deadline.IsZero() && !r.Deadline.After(now):
		return reasoning.Invalid("deadline", "must be in the future, is %s", r.Deadline.UTC().Format(time.RFC3339))
	case len(r.IdempotencyKey) > MaxKey:
		return reasoning.Invalid("idempotency_key", "must have at most %d bytes, has %d", MaxKey, len(r.IdempotencyKey))
	}
	sampling := r.sampling(defaults)
	if err := policy.ValidateSampling(sampling); err != nil {
		return err
	}
	if r.Thinking != nil {
		if err := r.Thinking.Validate(sampling.MaxTokens); err != nil {
			return err
		}
	}
	if r.Strategy == nil {
		return nil
	}
	if err := r.Strategy.Validate(); err != nil {
		return err
	}
	if r.Choice != nil && r.Choice.NeedsScores() && !r.Strategy.NeedsVerifier() {
		return reasoning.Invalid("choice", "%s needs scores, and strategy %s has none: choose majority or certainty, or a strategy that is judged", r.Choice, r.Strategy.Name())
	}
	return nil
}

// same says whether r asks for the same search as s, given the same key.
func (r Request) same(s Request) bool {
	return fmt.Sprintf("%#v", r.essence()) == fmt.Sprintf("%#v", s.essence()) // with types: Majority{4} is not BestOfN{4}
}

// essence is what makes two requests different: everything but the deadline, which
// moves when a client asks again, and the key.
func (r Request) essence() any {
	deref := func(p *float64) float64 {
		if p == nil {
			return -1
		}
		return *p
	}
	choice, tokens, thinking := "", -1, backend.Thinking{}
	if r.Thinking != nil {
		thinking = *r.Thinking
	}
	if r.Choice != nil {
		choice = r.Choice.String()
	}
	if r.MaxTokens != nil {
		tokens = *r.MaxTokens
	}
	return []any{r.Tenant, r.Problem, r.Effort, r.Budget, r.Samples, r.Estimate, r.Strategy, choice, deref(r.Temperature), deref(r.TopP), tokens, r.Seed, thinking}
}
