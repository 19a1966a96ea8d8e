package verifierrpc

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/wire"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// pathToProto turns a request into its message.
func pathToProto(r verifier.Request) *verifierv1.Path {
	return &verifierv1.Path{Tenant: r.Tenant, SearchId: r.Search, NodeId: r.Node, Problem: r.Problem, Steps: r.Steps}
}

// pathFromProto is the inverse of pathToProto.
func pathFromProto(p *verifierv1.Path) verifier.Request {
	return verifier.Request{
		Tenant:  p.GetTenant(),
		Search:  p.GetSearchId(),
		Node:    p.GetNodeId(),
		Problem: p.GetProblem(),
		Steps:   p.GetSteps(),
	}
}

// scoresToProto turns a result into its message.
func scoresToProto(r verifier.Result) *verifierv1.Scores {
	p := &verifierv1.Scores{Values: r.Scores, ScoreTime: durationpb.New(r.Took)}
	p.Usage, p.Waste, p.Unknown = wire.CostToProto(r.Cost())
	return p
}

// scoresFromProto is the inverse of scoresToProto. It does not test whether the scores
// fit the request: verifier.Request.Check does.
func scoresFromProto(p *verifierv1.Scores) (verifier.Result, error) {
	cost, err := wire.CostFromProto(p.GetUsage(), p.GetWaste(), p.GetUnknown())
	if err != nil {
		return verifier.Result{}, err
	}
	took, err := wire.Duration("scores.score_time", p.GetScoreTime())
	return verifier.Result{Scores: p.GetValues(), Took: took}.WithCost(cost), err
}

// aggregatorToProto turns an aggregator into its enum, which has the same numbers.
func aggregatorToProto(a verifier.Aggregator) reasoningv1.Aggregator {
	return reasoningv1.Aggregator(a)
}

// aggregatorFromProto is the inverse of aggregatorToProto.
func aggregatorFromProto(p reasoningv1.Aggregator) (verifier.Aggregator, error) {
	a := verifier.Aggregator(p)
	if a < verifier.AggregatorMin || a > verifier.AggregatorProd {
		return 0, wire.Malformed("aggregator", "must be a known aggregator, is %v", p)
	}
	return a, nil
}

// rewardModelToProto turns a reward model into its message.
func rewardModelToProto(m verifier.RewardModel) *verifierv1.GetModelResponse {
	return &verifierv1.GetModelResponse{
		Model: wire.ModelToProto(m.Model), Aggregator: aggregatorToProto(m.Aggregator),
		Capabilities: &verifierv1.Capabilities{
			Input: wire.InputToProto(m.Capabilities.Input), Steps: wire.SupportToProto(m.Capabilities.Steps),
		},
	}
}

// rewardModelFromProto is the inverse of rewardModelToProto.
func rewardModelFromProto(p *verifierv1.GetModelResponse) (verifier.RewardModel, error) {
	model, err := wire.ModelFromProto(p.GetModel())
	if err != nil {
		return verifier.RewardModel{}, err
	}
	aggregator, err := aggregatorFromProto(p.GetAggregator())
	if err != nil {
		return verifier.RewardModel{}, err
	}
	input, err := wire.InputFromProto(p.GetCapabilities().GetInput())
	return verifier.RewardModel{Model: model, Aggregator: aggregator, Capabilities: verifier.Capabilities{
		Input: input, Steps: wire.SupportFromProto(p.GetCapabilities().GetSteps()),
	}}, err
}
