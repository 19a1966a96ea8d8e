package plannerrpc

import (
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// nodeToProto converts a node to its message.
func nodeToProto(n planner.Node) *plannerv1.Node {
	out := &plannerv1.Node{
		NodeId: n.ID, ParentId: n.Parent, Depth: int32(n.Depth), State: plannerv1.NodeState(n.State),
		Steps: wire.StepsToProto(n.Steps), Finish: wire.FinishToProto(n.Finish), Answer: n.Answer, Reason: n.Reason,
	}
	if n.Scored {
		out.Value = &n.Value
	}
	return out
}

// nodeFromProto is the inverse of nodeToProto. A state that only newer planners have
// keeps its number.
func nodeFromProto(p *plannerv1.Node) (n planner.Node, err error) {
	n = planner.Node{
		ID: p.GetNodeId(), Parent: p.GetParentId(), Depth: int(p.GetDepth()), State: search.State(p.GetState()),
		Finish: reasoning.Finish(p.GetFinish()), Value: p.GetValue(), Scored: p != nil && p.Value != nil,
		Answer: p.GetAnswer(), Reason: p.GetReason(),
	}
	if p.GetState() <= 0 { // states that only newer planners have are larger
		return n, wire.Malformed("node.state", "must be set, is %v", p.GetState())
	}
	if p.GetFinish() != 0 { // it has been generated
		if n.Finish, err = wire.FinishFromProto(p.GetFinish()); err != nil {
			return n, err
		}
	}
	if len(p.GetSteps()) > 0 {
		n.Steps, err = wire.StepsFromProto(p.GetSteps())
	}
	return n, err
}
