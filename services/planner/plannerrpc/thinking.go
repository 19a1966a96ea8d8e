package plannerrpc

import (
	"cmp"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// ThinkingFromProto reads a Thinking; it returns nil for nil. Enums have the domain's
// numbers, and the rules about values are the domain's.
func ThinkingFromProto(in *plannerv1.Thinking) (*backend.Thinking, error) {
	if in == nil {
		return nil, nil
	}
	if in.MaxTokens != nil && *in.MaxTokens == 0 {
		return nil, mustBound("thinking.max_tokens")
	}
	return &backend.Thinking{
		Max: int(in.GetMaxTokens()), Min: int(in.GetMinTokens()), Waits: int(in.GetWaits()), Wait: in.GetWait(),
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
		MinTokens: int32(t.Min), Waits: int32(t.Waits), Wait: t.Wait,
		Mode: plannerv1.ThinkingMode(t.Mode), Advice: plannerv1.ThinkingAdvice(t.Advice), MaxSteps: int32(t.Steps),
	}
	if t.Max != 0 {
		out.MaxTokens = new(int32(t.Max))
	}
	return out
}
