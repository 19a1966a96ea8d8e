package plannerrpc

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/planner"
)

// planToProto converts a plan to its message; it returns nil for nil.
func planToProto(p *planner.Plan) *plannerv1.SearchPlan {
	if p == nil {
		return nil
	}
	out := &plannerv1.SearchPlan{
		Strategy: StrategyToProto(p.Strategy), Choice: ChoiceToProto(p.Choice), Reason: p.Reason,
		Source: plannerv1.PlanSource(p.Source), Profile: p.Profile, Bin: p.Bin, PredictedAccuracy: p.PredictedAccuracy,
	}
	if p.Policy != (reasoning.Model{}) {
		out.Policy = wire.ModelToProto(p.Policy)
	}
	if p.RewardModel != (reasoning.Model{}) {
		out.Verifier = wire.ModelToProto(p.RewardModel)
	}
	if p.PredictedTokens > 0 {
		out.PredictedPolicyTokens = &p.PredictedTokens
	}
	if p.PredictedFLOPs > 0 {
		out.PredictedFlops = &p.PredictedFLOPs
	}
	if p.PredictedTime > 0 {
		out.PredictedTime = durationpb.New(p.PredictedTime)
	}
	return out
}

// planFromProto is the inverse of planToProto. A strategy that only newer planners have
// is nil.
func planFromProto(p *plannerv1.SearchPlan) (*planner.Plan, error) {
	if p == nil {
		return nil, nil
	}
	out := &planner.Plan{
		Reason: p.GetReason(), Source: planner.Source(p.GetSource()), Profile: p.GetProfile(), Bin: p.GetBin(),
		PredictedTokens: p.GetPredictedPolicyTokens(), PredictedFLOPs: p.GetPredictedFlops(), PredictedAccuracy: p.PredictedAccuracy,
	}
	var err error
	if out.Choice, err = ChoiceFromProto(p.GetChoice()); err != nil {
		return nil, wire.Malformed("plan.choice", "cannot be converted: %v", err)
	}
	if out.Policy, err = wire.ModelFromProto(p.GetPolicy()); err != nil {
		return nil, err
	}
	if out.RewardModel, err = wire.ModelFromProto(p.GetVerifier()); err != nil {
		return nil, err
	}
	out.Strategy, _ = StrategyFromProto(p.GetStrategy())
	out.PredictedTime, err = wire.Duration("plan.predicted_time", p.GetPredictedTime())
	return out, err
}

// PlanResultToProto converts a plan with its estimate to its message.
func PlanResultToProto(p planner.PlanResult) *plannerv1.PlanSearchResponse {
	out := &plannerv1.PlanSearchResponse{Plan: planToProto(&p.Plan), Bill: wire.BillToProto(p.Bill)}
	if p.Estimate != nil {
		out.Estimate = difficultyrpc.EstimateToProto(*p.Estimate)
	}
	return out
}

// planResultFromProto is the inverse of PlanResultToProto, except for the samples of the
// estimate.
func planResultFromProto(p *plannerv1.PlanSearchResponse) (out planner.PlanResult, err error) {
	plan, err := planFromProto(p.GetPlan())
	if err != nil {
		return out, err
	}
	if plan == nil {
		return out, wire.Malformed("plan", "must be set")
	}
	out.Plan = *plan
	if p.Estimate != nil {
		estimate, err := difficultyrpc.EstimateFromProto(p.GetEstimate())
		if err != nil {
			return out, err
		}
		out.Estimate = &estimate
	}
	out.Bill, err = wire.BillFromProto(p.GetBill())
	return out, err
}
