package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// PathToProto turns a request to its message.
func PathToProto(r verifier.Request) *verifierv1.Path {
	return &verifierv1.Path{Tenant: r.Tenant, SearchId: r.Search, NodeId: r.Node, Problem: r.Problem, Steps: r.Steps}
}

// PathFromProto is the inverse of PathToProto.
func PathFromProto(p *verifierv1.Path) verifier.Request {
	return verifier.Request{
		Tenant:  p.GetTenant(),
		Search:  p.GetSearchId(),
		Node:    p.GetNodeId(),
		Problem: p.GetProblem(),
		Steps:   p.GetSteps(),
	}
}

// ScoresToProto turns a result to its message.
func ScoresToProto(r verifier.Result) *verifierv1.Scores {
	return &verifierv1.Scores{Values: r.Scores, Usage: UsageToProto(r.Usage), ScoreTime: durationpb.New(r.Took)}
}

// ScoresFromProto is the inverse of ScoresToProto. Whether the scores fit their
// request, its Check says.
func ScoresFromProto(p *verifierv1.Scores) (verifier.Result, error) {
	usage, err := UsageFromProto(p.GetUsage())
	if err != nil {
		return verifier.Result{}, err
	}
	took, err := duration("scores.score_time", p.GetScoreTime())
	return verifier.Result{Scores: p.GetValues(), Usage: usage, Took: took}, err
}

// AggregatorToProto turns an aggregator to its enum; the numbers are the same.
func AggregatorToProto(a verifier.Aggregator) verifierv1.Aggregator { return verifierv1.Aggregator(a) }

// AggregatorFromProto is the inverse of AggregatorToProto.
func AggregatorFromProto(p verifierv1.Aggregator) (verifier.Aggregator, error) {
	a := verifier.Aggregator(p)
	if a < verifier.AggregatorMin || a > verifier.AggregatorProd {
		return 0, malformed("aggregator", "must be a known aggregator, is %v", p)
	}
	return a, nil
}

// RewardModelToProto turns a judge to its message.
func RewardModelToProto(j verifier.RewardModel) *verifierv1.GetModelResponse {
	return &verifierv1.GetModelResponse{Model: ModelToProto(j.Model), Aggregator: AggregatorToProto(j.Aggregator)}
}

// RewardModelFromProto is the inverse of JudgeToProto.
func RewardModelFromProto(p *verifierv1.GetModelResponse) (verifier.RewardModel, error) {
	model, err := ModelFromProto(p.GetModel())
	if err != nil {
		return verifier.RewardModel{}, err
	}
	aggregator, err := AggregatorFromProto(p.GetAggregator())
	return verifier.RewardModel{Model: model, Aggregator: aggregator}, err
}
