package plannerrpc

import (
	"cmp"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// ThinkingFromProto converts a Thinking; it returns nil for nil. The enums of package backend
// have the contract's numbers. Thinking.Validate checks the values.
func ThinkingFromProto(in *plannerv1.Thinking) (*backend.Thinking, error) {
	if in == nil {
		return nil, nil
	}
	if in.MaxTokens != nil && *in.MaxTokens == 0 {
		return nil, zeroBound("thinking.max_tokens")
	}
	return &backend.Thinking{
		Max: int(in.GetMaxTokens()), Min: int(in.GetMinTokens()), Waits: int(in.GetWaits()), Wait: in.GetWait(), EmptyWait: in.GetEmptyWait(),
		Mode:   backend.Mode(cmp.Or(in.GetMode(), plannerv1.ThinkingMode_THINKING_MODE_FORCE)),
		Advice: backend.Advice(in.GetAdvice()), Steps: int(in.GetMaxSteps()),
	}, nil
}

// ThinkingToProto is the inverse of ThinkingFromProto.
func ThinkingToProto(t *backend.Thinking) *plannerv1.Thinking {
	if t == nil {
		return nil
	}
	out := &plannerv1.Thinking{
		MinTokens: int32(t.Min), Waits: int32(t.Waits), Wait: t.Wait, EmptyWait: t.EmptyWait,
		Mode: plannerv1.ThinkingMode(t.Mode), Advice: plannerv1.ThinkingAdvice(t.Advice), MaxSteps: int32(t.Steps),
	}
	if t.Max != 0 {
		out.MaxTokens = new(int32(t.Max))
	}
	return out
}
