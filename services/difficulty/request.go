package difficulty

import (
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Request asks for the difficulty of a problem.
type Request struct {
	Tenant     string
	Search     string // id of the search that needs the estimate
	Problem    string
	AnswerKind answer.Kind    // of answer that the problem wants
	Seed       reasoning.Seed // of the search's root: sample i is child i of the root
	Sampling   reasoning.Sampling
	MaxSamples int // at most the constant MaxSamples; 0 is the estimator's default
	Method     Method
	Scheme     Scheme // zero is Absolute
	Answer     string // the known answer, for MethodOracle only
}

// MaxSamples limits the samples of one estimate. Snell et al. 2024 (arXiv 2408.03314,
// §3.2) took 2048.
const MaxSamples = 2048

// Most returns the largest number of samples that an estimate for r takes.
func (r Request) Most() int {
	switch {
	case r.Method == MethodPrompt:
		return 0
	case r.MaxSamples > 0:
		return r.MaxSamples
	case r.Method == MethodPredicted:
		return PredictedSamples
	case r.Method == MethodOracle:
		return OracleSamples
	}
	return DefaultSamples
}

// scheme returns the scheme of the request, or the default.
func (r Request) scheme() Scheme {
	if r.Scheme.Name == "" && len(r.Scheme.Edges) == 0 {
		return Absolute
	}
	return r.Scheme
}

// Validate returns a *reasoning.InvalidError for the first rule that r breaks.
func (r Request) Validate() error {
	switch {
	case !r.AnswerKind.Valid():
		return reasoning.Invalid("answer_kind", "must be one of %v, is %d", answer.KindNames(), int(r.AnswerKind))
	case r.MaxSamples < 0 || r.MaxSamples > MaxSamples:
		return reasoning.Invalid("max_samples", "must be 1 to %d, is %d", MaxSamples, r.MaxSamples)
	case len(r.Search) > maxSearch:
		return reasoning.Invalid("search_id", "must have at most %d bytes, which leaves room for %q, has %d", maxSearch,
			probeSuffix, len(r.Search))
	case r.Method < 0 || int(r.Method) >= len(methodNames):
		return reasoning.Invalid("method", "must be one of %v, is %d", methodNames, r.Method)
	case r.Method == MethodOracle && r.Answer == "":
		return reasoning.Invalid("answer", "must not be empty for method oracle, which counts correct samples")
	case r.Method != MethodOracle && r.Answer != "":
		return reasoning.Invalid("answer", "must be empty for method %s, only oracle uses it", r.Method)
	case len(r.Answer) > policy.MaxProblem || !utf8.ValidString(r.Answer):
		return reasoning.Invalid("answer", "must be UTF-8 of at most %d bytes", policy.MaxProblem)
	}
	if err := r.scheme().Validate(); err != nil {
		return err
	}
	return policy.Request{
		Tenant: r.Tenant, Search: r.Search, Problem: r.Problem, Ordinals: []int{0}, Sampling: r.Sampling,
	}.Validate()
}
