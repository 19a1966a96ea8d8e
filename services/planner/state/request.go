package state

import (
	"cmp"
	"math"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Request asks a planner to search for the answer of a problem.
type Request struct {
	Tenant         string
	Problem        string
	AnswerKind     answer.Kind       // of answer that the problem wants
	Policy         string            // name of the model; "" is the planner's default
	Verifier       string            // name of the reward model; "" is the planner's default
	Effort         Effort            // sets Samples if it is 0; 0: EffortMedium, unless there is a Budget
	Budget         backend.Budget    // a bound of 0 is no bound
	Samples        int               // mean budget in whole solutions; 0: by Effort or Budget (8 without a profile)
	Estimate       bool              // estimate difficulty even if the plan does not need it
	Deadline       time.Time         // zero: the planner's default from now
	Strategy       search.Strategy   // nil: planned
	Choice         *search.Choice    // nil: planned
	Thinking       *backend.Thinking // nil: thinking is not bounded
	Temperature    *float64          // nil: the planner's default, as are the next two
	TopP           *float64
	MaxTokens      *int
	Seed           *reasoning.Seed // nil is 1
	NoStore        bool            // keep the results of the search out of the Store, and use none of it
	IdempotencyKey string          // unique within the tenant; see Solver.Create
}

// MaxIdempotencyKey is the maximum length of an idempotency key, in bytes.
const MaxIdempotencyKey = 128

// WithDefaults returns r with defaults for the fields that it leaves unset, except for the
// deadline.
func (r Request) WithDefaults(defaults reasoning.Sampling) Request {
	if r.Samples == 0 && (r.Effort != 0 || r.Budget == backend.Budget{}) {
		r.Samples = cmp.Or(r.Effort, EffortMedium).Samples()
	}
	r.Effort = cmp.Or(r.Effort, EffortMedium)
	r.Temperature = orElse(r.Temperature, defaults.Temperature)
	r.TopP = orElse(r.TopP, defaults.TopP)
	r.MaxTokens = orElse(r.MaxTokens, defaults.MaxTokens)
	r.Seed = orElse(r.Seed, 1)
	return r
}

// orElse returns p, or a pointer to v if p is nil.
func orElse[T any](p *T, v T) *T {
	if p == nil {
		return &v
	}
	return p
}

// ValidateEffect returns a *reasoning.InvalidError for the first field of r that another field leaves without effect.
// Explicit defaults, EffortMedium and its samples, are accepted, as a Search has them. r must not have its defaults.
func (r Request) ValidateEffect() error {
	const rule = "has no effect beside a strategy, whose N says how much to spend: remove it, or remove the strategy"
	switch {
	case r.Strategy != nil && r.Effort != 0 && r.Effort != EffortMedium:
		return reasoning.Invalid("effort", rule)
	case r.Strategy != nil && r.Samples != 0 && r.Samples != EffortMedium.Samples():
		return reasoning.Invalid("budget.samples", rule)
	}
	return nil
}

// Sampling returns the sampling parameters of r, which must have its defaults.
func (r Request) Sampling() reasoning.Sampling {
	return reasoning.Sampling{Temperature: *r.Temperature, TopP: *r.TopP, MaxTokens: *r.MaxTokens}
}

// Validate returns a *reasoning.InvalidError for the first rule that r breaks. r must have its
// defaults. ValidateDeadline checks the deadline.
func (r Request) Validate() error {
	switch {
	case len(r.Tenant) > policy.MaxTenant || !utf8.ValidString(r.Tenant):
		return reasoning.Invalid("tenant", "must be at most %d bytes of UTF-8, has %d bytes", policy.MaxTenant, len(r.Tenant))
	case r.Problem == "":
		return reasoning.Invalid("problem", "must not be empty")
	case len(r.Problem) > policy.MaxProblem:
		return reasoning.Invalid("problem", "must have at most %d bytes, has %d", policy.MaxProblem, len(r.Problem))
	case !utf8.ValidString(r.Problem):
		return reasoning.Invalid("problem", "must be UTF-8")
	case !r.AnswerKind.Valid():
		return reasoning.Invalid("answer_kind", "%d must be one of %v", int(r.AnswerKind), answer.KindNames())
	case r.Effort < 0 || r.Effort > EffortMax:
		return reasoning.Invalid("effort", "%d must be one of %v", r.Effort, effortNames[1:])
	case r.Budget.PolicyTokens < 0:
		return reasoning.Invalid("budget.policy_tokens", "must be more than 0, or unset, is %d", r.Budget.PolicyTokens)
	case r.Budget.VerifierTokens < 0:
		return reasoning.Invalid("budget.verifier_tokens", "must be more than 0, or unset, is %d", r.Budget.VerifierTokens)
	case !(r.Budget.FLOPs >= 0) || math.IsInf(r.Budget.FLOPs, 1): // also NaN
		return reasoning.Invalid("budget.flops", "must be a number of more than 0, or unset, is %v", r.Budget.FLOPs)
	case r.Samples < 0 || r.Samples > search.MaxN:
		return reasoning.Invalid("budget.samples", "must be 1 to %d, or unset, is %d", search.MaxN, r.Samples)
	case len(r.IdempotencyKey) > MaxIdempotencyKey:
		return reasoning.Invalid("idempotency_key", "must have at most %d bytes, has %d", MaxIdempotencyKey, len(r.IdempotencyKey))
	}
	if err := policy.ValidateSampling(r.Sampling()); err != nil {
		return err
	}
	if r.Thinking != nil {
		if err := r.Thinking.Validate(*r.MaxTokens); err != nil {
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
		return reasoning.Invalid("choice", "%s needs scores, and strategy %s has none: use majority, certainty-max or certainty-vote, or a strategy that needs a verifier",
			r.Choice, r.Strategy.Name())
	}
	return nil
}

// ValidateDeadline returns a *reasoning.InvalidError if r's deadline has passed.
func (r Request) ValidateDeadline(now time.Time) error {
	if !r.Deadline.IsZero() && !r.Deadline.After(now) {
		return reasoning.Invalid("deadline", "must be in the future, is %s", r.Deadline.UTC().Format(time.RFC3339))
	}
	return nil
}
