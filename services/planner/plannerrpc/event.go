package plannerrpc

import (
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/planner"
)

func toEvent(e planner.Event) *plannerv1.SearchEvent {
	out := &plannerv1.SearchEvent{
		SearchId: e.Search, FirstSequence: e.First, Sequence: e.Sequence, Time: timestamppb.New(e.Time),
		State: plannerv1.SearchState(e.State), Bill: wire.BillToProto(e.Bill),
		Plan: toPlan(e.Plan), Outcome: toOutcome(e.Outcome),
	}
	for _, n := range e.Notices {
		out.Notices = append(out.Notices, n.Text)
	}
	for _, n := range e.Nodes {
		out.Nodes = append(out.Nodes, toNode(n))
	}
	if e.Estimate != nil {
		out.Difficulty = difficultyrpc.EstimateToProto(*e.Estimate)
	}
	return out
}

func toNode(n planner.Node) *plannerv1.Node {
	out := &plannerv1.Node{
		NodeId: n.ID, ParentId: n.Parent, Depth: int32(n.Depth), State: plannerv1.NodeState(n.State),
		Steps: wire.StepsToProto(n.Steps), Finish: wire.FinishToProto(n.Finish), Answer: n.Answer, Reason: n.Reason,
	}
	if n.Scored {
		out.Value = &n.Value
	}
	return out
}

func toPlan(p *planner.Plan) *plannerv1.SearchPlan {
	if p == nil {
		return nil
	}
	out := &plannerv1.SearchPlan{
		Strategy: StrategyToProto(p.Strategy), Choice: ChoiceToProto(p.Choice), Reason: p.Reason, Source: plannerv1.PlanSource(p.Source), Profile: p.Profile, Bin: p.Bin,
		PredictedPolicyTokens: p.PredictedTokens, PredictedAccuracy: p.PredictedAccuracy, PredictedFlops: p.PredictedFLOPs,
	}
	if p.PredictedTime > 0 {
		out.PredictedTime = durationpb.New(p.PredictedTime)
	}
	return out
}

func toPlanned(p planner.Plan, estimate *difficulty.Estimate) *plannerv1.PlanResponse {
	out := &plannerv1.PlanResponse{Plan: toPlan(&p), Bill: &reasoningv1.Bill{}}
	if estimate != nil {
		out.Difficulty = difficultyrpc.EstimateToProto(*estimate)
		out.Bill.Difficulty = wire.UsageToProto(estimate.Usage)
	}
	return out
}

func toOutcome(o *planner.Outcome) *plannerv1.Outcome {
	if o == nil {
		return nil
	}
	out := &plannerv1.Outcome{
		StopReason: plannerv1.StopReason(o.Stop), Answer: o.Answer, NodeId: o.Node, Solution: o.Solution, Weight: o.Weight,
		Degraded: o.Degraded, Elapsed: durationpb.New(o.Elapsed),
	}
	for _, c := range o.Candidates {
		out.Candidates = append(out.Candidates, &plannerv1.Candidate{Answer: c.Answer, Count: int32(c.Count), Weight: c.Weight})
	}
	if o.Err != nil {
		out.Error = rpcerr.ToProto(o.Err)
	}
	return out
}

func toSearch(s planner.Search) *plannerv1.Search {
	return &plannerv1.Search{
		SearchId: s.ID, Tenant: s.Request.Tenant, Problem: s.Request.Problem, State: plannerv1.SearchState(s.State),
		CreateTime: timestamppb.New(s.Created), Sequence: s.Sequence, Bill: wire.BillToProto(s.Bill), Plan: toPlan(s.Plan),
		Outcome: toOutcome(s.Outcome), Nodes: int32(s.Nodes),
	}
}
