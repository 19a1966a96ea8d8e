package plannerrpc

import (
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/planner"
)

// EventToProto converts an event to its message.
func EventToProto(e planner.Event) *plannerv1.SearchEvent {
	out := &plannerv1.SearchEvent{
		SearchId: e.Search, FirstSequence: e.First, Sequence: e.Sequence, Snapshot: e.Snapshot, Time: timeToProto(e.Time),
		State: plannerv1.SearchState(e.State), Bill: wire.BillToProto(e.Bill), Plan: planToProto(e.Plan), Outcome: outcomeToProto(e.Outcome),
	}
	for _, n := range e.Nodes {
		out.Nodes = append(out.Nodes, nodeToProto(n))
	}
	for _, n := range e.Notices {
		out.Notices = append(out.Notices, &plannerv1.Notice{Kind: plannerv1.NoticeKind(n.Kind), Text: n.Text, Time: timeToProto(n.Time)})
	}
	if e.Estimate != nil {
		out.Estimate = difficultyrpc.EstimateToProto(*e.Estimate)
	}
	return out
}

// eventFromProto is the inverse of EventToProto, except for the samples of the estimate.
func eventFromProto(p *plannerv1.SearchEvent) (e planner.Event, err error) {
	e = planner.Event{
		Search: p.GetSearchId(), First: p.GetFirstSequence(), Sequence: p.GetSequence(), Snapshot: p.GetSnapshot(),
		Time: timeFromProto(p.GetTime()),
	}
	if e.First < 1 || e.Sequence < e.First {
		return e, wire.Malformed("event.sequence", "must be at least first_sequence, which must be at least 1: is %d, first_sequence is %d", e.Sequence, e.First)
	}
	if e.State, err = stateFromProto(p.GetState()); err != nil {
		return e, err
	}
	if e.State.Ended() != (p.Outcome != nil) {
		return e, wire.Malformed("event.outcome", "must be set if and only if the state is terminal, state is %v", p.GetState())
	}
	for _, n := range p.GetNodes() {
		node, err := nodeFromProto(n)
		if err != nil {
			return e, err
		}
		e.Nodes = append(e.Nodes, node)
	}
	for _, n := range p.GetNotices() {
		e.Notices = append(e.Notices, planner.Notice{Kind: planner.NoticeKind(n.GetKind()), Text: n.GetText(), Time: timeFromProto(n.GetTime())})
	}
	if e.Bill, err = wire.BillFromProto(p.GetBill()); err != nil {
		return e, err
	}
	if p.Estimate != nil {
		estimate, err := difficultyrpc.EstimateFromProto(p.GetEstimate())
		if err != nil {
			return e, err
		}
		e.Estimate = &estimate
	}
	if e.Plan, err = planFromProto(p.GetPlan()); err != nil {
		return e, err
	}
	e.Outcome, err = outcomeFromProto(p.GetOutcome())
	return e, err
}

// stateFromProto converts the state of a search. planner.State has the contract's numbers.
func stateFromProto(p plannerv1.SearchState) (planner.State, error) {
	s := planner.State(p)
	if s < planner.StateQueued || s > planner.StateCancelled {
		return s, wire.Malformed("state", "must be a known state, is %v", p)
	}
	return s, nil
}
