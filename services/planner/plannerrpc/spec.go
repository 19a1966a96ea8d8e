package plannerrpc

import (
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ponder-mesh/ponder/answer"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// specFromProto converts the spec of a tenant's request. It checks only what planner.Request
// cannot represent, such as unknown enum values and bounds of 0; Request.Validate checks the
// rest. Errors name the field.
func specFromProto(tenant, key string, in *plannerv1.SearchSpec) (planner.Request, error) {
	r := planner.Request{Tenant: tenant, IdempotencyKey: key}
	if in == nil {
		return r, reasoning.Invalid("spec", "must be set")
	}
	if err := notServed(in); err != nil {
		return r, err
	}
	r.Problem, r.Estimate = in.GetProblem(), in.GetEstimateDifficulty()
	if in.GetAnswerKind() != plannerv1.AnswerKind_ANSWER_KIND_UNSPECIFIED {
		r.AnswerKind = answer.Kind(in.GetAnswerKind() - 1)
	}
	if plannerv1.AnswerKind_name[int32(in.GetAnswerKind())] == "" {
		return r, unknown("answer_kind", in.GetAnswerKind())
	}
	r.Policy, r.Verifier, r.NoStore = in.GetPolicy(), in.GetVerifier(), in.GetNoStore()
	if in.Seed != nil {
		r.Seed = new(reasoning.Seed(in.GetSeed()))
	}
	if s := in.GetSampling(); s != nil {
		r.Temperature, r.TopP = s.Temperature, s.TopP
		if s.MaxTokens != nil {
			r.MaxTokens = new(int(s.GetMaxTokens()))
		}
	}
	if d := in.GetDeadline(); d != nil {
		if !d.IsValid() {
			return r, invalidTime("deadline")
		}
		r.Deadline = d.AsTime()
	}
	if plannerv1.Effort_name[int32(in.GetEffort())] == "" {
		return r, unknown("effort", in.GetEffort())
	}
	r.Effort = planner.Effort(in.GetEffort())
	if err := budgetFromProto(&r, in.GetBudget()); err != nil {
		return r, err
	}
	var err error
	if r.Thinking, err = ThinkingFromProto(in.GetThinking()); err != nil {
		return r, err
	}
	if in.GetChoice() != nil {
		choice, err := ChoiceFromProto(in.GetChoice())
		if err != nil {
			return r, err
		}
		r.Choice = &choice
	}
	if in.GetStrategy() != nil {
		r.Strategy, err = StrategyFromProto(in.GetStrategy())
	}
	return r, err
}

// notServed returns an error for a field that the contract has and no planner serves yet.
func notServed(in *plannerv1.SearchSpec) error {
	field := ""
	switch {
	case in.TargetConfidence != nil:
		field = "target_confidence"
	case in.GetBudget() != nil && in.GetBudget().PricePerError != nil:
		field = "budget.price_per_error"
	case in.GetStrategy().GetLadder() != nil:
		field = "strategy.ladder"
	default:
		return nil
	}
	return reasoning.Invalid(field, "is not served yet: leave it out")
}

// budgetFromProto converts a Budget. In planner.Request a bound of 0 is no bound, so an explicit
// 0 is an error.
func budgetFromProto(r *planner.Request, in *plannerv1.Budget) error {
	r.Budget.PolicyTokens, r.Budget.VerifierTokens, r.Budget.FLOPs = in.GetPolicyTokens(), in.GetVerifierTokens(), in.GetFlops()
	r.Samples = int(in.GetSamples())
	switch {
	case in == nil:
		return nil
	case in.PolicyTokens != nil && *in.PolicyTokens == 0:
		return zeroBound("budget.policy_tokens")
	case in.VerifierTokens != nil && *in.VerifierTokens == 0:
		return zeroBound("budget.verifier_tokens")
	case in.Flops != nil && *in.Flops == 0:
		return zeroBound("budget.flops")
	case in.Samples != nil && *in.Samples == 0:
		return reasoning.Invalid("budget.samples", "must be 1 to %d, is 0: leave it out to use the number of samples of the effort", search.MaxN)
	}
	return nil
}

// zeroBound returns the error of a bound that is 0.
func zeroBound(field string) error {
	return reasoning.Invalid(field, "must be more than 0, is 0: leave it out for no bound")
}

// SpecToProto is the inverse of specFromProto, except for tenant and key.
func SpecToProto(r planner.Request) *plannerv1.SearchSpec {
	out := &plannerv1.SearchSpec{
		Problem: r.Problem, Policy: r.Policy, Verifier: r.Verifier, Effort: plannerv1.Effort(r.Effort),
		Strategy: StrategyToProto(r.Strategy), Thinking: ThinkingToProto(r.Thinking), EstimateDifficulty: r.Estimate, NoStore: r.NoStore,
	}
	if r.AnswerKind != answer.KindAuto {
		out.AnswerKind = plannerv1.AnswerKind(r.AnswerKind + 1)
	}
	if r.Seed != nil {
		out.Seed = new(uint64(*r.Seed))
	}
	if !r.Deadline.IsZero() {
		out.Deadline = timestamppb.New(r.Deadline)
	}
	if r.Choice != nil {
		out.Choice = ChoiceToProto(*r.Choice)
	}
	if r.Temperature != nil || r.TopP != nil || r.MaxTokens != nil {
		out.Sampling = &reasoningv1.Sampling{Temperature: r.Temperature, TopP: r.TopP}
		if r.MaxTokens != nil {
			out.Sampling.MaxTokens = new(int32(*r.MaxTokens))
		}
	}
	budget := &plannerv1.Budget{}
	if r.Budget.PolicyTokens != 0 {
		budget.PolicyTokens = &r.Budget.PolicyTokens
	}
	if r.Budget.VerifierTokens != 0 {
		budget.VerifierTokens = &r.Budget.VerifierTokens
	}
	if r.Budget.FLOPs != 0 {
		budget.Flops = &r.Budget.FLOPs
	}
	if r.Samples != 0 {
		budget.Samples = new(int32(r.Samples))
	}
	if budget.PolicyTokens != nil || budget.VerifierTokens != nil || budget.Flops != nil || budget.Samples != nil {
		out.Budget = budget
	}
	return out
}

// unknown returns the error of an enum value that this version does not have.
func unknown(field string, value fmt.Stringer) error {
	return reasoning.Invalid(field, "unknown value %s: update the planner, or use a value of its version", value)
}
