package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// fromRequest reads a SolveRequest. Its errors name the field; the rules about
// values are the planner's.
func fromRequest(in *plannerv1.SolveRequest) (planner.Request, error) {
	r := planner.Request{
		Tenant: in.GetTenant(), Problem: in.GetProblem(), IdempotencyKey: in.GetIdempotencyKey(),
		Effort: planner.Effort(in.GetEffort()),
		Budget: backend.Budget{
			PolicyTokens: in.GetBudget().GetPolicyTokens(), VerifierTokens: in.GetBudget().GetVerifierTokens(), FLOPs: in.GetBudget().GetFlops(),
		},
	}
	if in.Seed != nil {
		seed := reasoning.Seed(in.GetSeed())
		r.Seed = &seed
	}
	r.Samples, r.Estimate = int(in.GetBudget().GetSamples()), in.GetEstimateDifficulty()
	r.Thinking = ThinkingFromProto(in.GetThinking())
	if s := in.GetSampling(); s != nil {
		r.Temperature, r.TopP = s.Temperature, s.TopP
		if s.MaxTokens != nil {
			tokens := int(s.GetMaxTokens())
			r.MaxTokens = &tokens
		}
	}
	if d := in.GetDeadline(); d != nil {
		if !d.IsValid() {
			return r, reasoning.Invalid("deadline", "must be a time of the years 1 to 9999, with nanoseconds below a second")
		}
		r.Deadline = d.AsTime()
	}
	if in.GetEffort() < 0 || int(in.GetEffort()) >= len(plannerv1.Effort_name) {
		return r, unknown("effort", in.GetEffort())
	}
	if c := in.GetChoice(); c != plannerv1.Choice_CHOICE_UNSPECIFIED {
		choice, err := ChoiceFromProto(c)
		if err != nil {
			return r, err
		}
		r.Choice = &choice
	}
	var err error
	if in.GetStrategy() != nil {
		r.Strategy, err = StrategyFromProto(in.GetStrategy())
	}
	return r, err
}
