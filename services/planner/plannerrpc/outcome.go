package plannerrpc

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// outcomeToProto converts an outcome to its message; it returns nil for nil.
func outcomeToProto(o *planner.Outcome) *plannerv1.Outcome {
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

// outcomeFromProto is the inverse of outcomeToProto, except for the nodes of candidates. A
// stop reason that only newer planners have keeps its number.
func outcomeFromProto(p *plannerv1.Outcome) (*planner.Outcome, error) {
	if p == nil {
		return nil, nil
	}
	out := &planner.Outcome{
		Stop: planner.Stop(p.GetStopReason()), Answer: p.GetAnswer(), Node: p.GetNodeId(), Solution: p.GetSolution(),
		Weight: p.GetWeight(), Degraded: p.GetDegraded(),
	}
	if out.Stop <= 0 {
		return nil, wire.Malformed("outcome.stop_reason", "must be set, is %v", p.GetStopReason())
	}
	for _, c := range p.GetCandidates() {
		out.Candidates = append(out.Candidates, search.Candidate{Answer: c.GetAnswer(), Count: int(c.GetCount()), Weight: c.GetWeight()})
	}
	if p.Error != nil {
		out.Err = rpcerr.FromProto(p.GetError())
	}
	var err error
	out.Elapsed, err = wire.Duration("outcome.elapsed", p.GetElapsed())
	return out, err
}
