package plannerrpc

import (
	"cmp"
	"slices"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// fromThinking reads a Thinking; nil is none. Enums have the domain's numbers, and the
// rules about values are the domain's.
func fromThinking(in *plannerv1.Thinking) *backend.Thinking {
	if in == nil {
		return nil
	}
	return &backend.Thinking{
		Max: int(in.GetMaxTokens()), Min: int(in.GetMinTokens()), Waits: int(in.GetWaits()), Wait: in.GetWait(),
		Mode:   backend.Mode(cmp.Or(in.GetMode(), plannerv1.ThinkingMode_THINKING_MODE_FORCE)),
		Advice: backend.Advice(in.GetAdvice()), Steps: int(in.GetMaxSteps()),
	}
}

// People's names of modes and advice, by the contract's numbers.
var (
	thinkingModes  = []string{"", "force", "reject", "advise"}
	thinkingAdvice = []string{"", "tokens", "steps", "short", "long"}
)

// ParseThinkingMode is the mode with a person's name for it, such as "force"; "" is
// not said.
func ParseThinkingMode(name string) (plannerv1.ThinkingMode, error) {
	i, err := numberOf("thinking.mode", name, thinkingModes)
	return plannerv1.ThinkingMode(i), err
}

// ParseThinkingAdvice is the advice with a person's name for it, such as "tokens"; ""
// is none.
func ParseThinkingAdvice(name string) (plannerv1.ThinkingAdvice, error) {
	i, err := numberOf("thinking.advice", name, thinkingAdvice)
	return plannerv1.ThinkingAdvice(i), err
}

func numberOf(field, name string, names []string) (int, error) {
	i := slices.Index(names, name)
	if i < 0 {
		return 0, reasoning.Invalid(field, "%q must be one of %v", name, names[1:])
	}
	return i, nil
}
