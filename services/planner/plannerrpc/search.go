package plannerrpc

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/planner"
)

// SearchToProto converts a search to its message.
func SearchToProto(s planner.Search) *plannerv1.Search {
	out := &plannerv1.Search{
		SearchId: s.ID, Tenant: s.Request.Tenant, Spec: SpecToProto(s.Request), State: plannerv1.SearchState(s.State),
		CreateTime: timestamppb.New(s.Created), EndTime: timeToProto(s.Ended), Sequence: s.Sequence,
		Bill: wire.BillToProto(s.Bill), Plan: planToProto(s.Plan), NodeCount: int32(s.Nodes), Outcome: outcomeToProto(s.Outcome),
		Stored: s.Stored,
	}
	if s.Estimate != nil {
		out.Estimate = difficultyrpc.EstimateToProto(*s.Estimate)
	}
	return out
}

// searchFromProto is the inverse of SearchToProto, except for the idempotency key, which the
// message does not have.
func searchFromProto(p *plannerv1.Search) (s planner.Search, err error) {
	s = planner.Search{
		ID: p.GetSearchId(), Created: timeFromProto(p.GetCreateTime()), Ended: timeFromProto(p.GetEndTime()),
		Epoch: p.GetSequence() >> 32, Sequence: p.GetSequence(), Nodes: int(p.GetNodeCount()), Stored: p.GetStored(),
	}
	if s.Request, err = specFromProto(p.GetTenant(), "", p.GetSpec()); err != nil {
		return s, wire.Malformed("search.spec", "cannot be converted: %v", err)
	}
	if s.State, err = stateFromProto(p.GetState()); err != nil {
		return s, err
	}
	if s.Bill, err = wire.BillFromProto(p.GetBill()); err != nil {
		return s, err
	}
	if p.GetEstimate() != nil {
		estimate, err := difficultyrpc.EstimateFromProto(p.GetEstimate())
		if err != nil {
			return s, err
		}
		s.Estimate = &estimate
	}
	if s.Plan, err = planFromProto(p.GetPlan()); err != nil {
		return s, err
	}
	s.Outcome, err = outcomeFromProto(p.GetOutcome())
	return s, err
}
