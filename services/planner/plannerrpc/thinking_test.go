package plannerrpc

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/world"
)

func TestFromThinking(t *testing.T) {
	all := &plannerv1.Thinking{
		MaxTokens: 200, MinTokens: 50, Waits: 2, Wait: "Hmm", MaxSteps: 16,
		Mode: plannerv1.ThinkingMode_THINKING_MODE_REJECT, Advice: plannerv1.ThinkingAdvice_THINKING_ADVICE_STEPS,
	}
	for _, test := range []struct {
		in   *plannerv1.Thinking
		want *world.Thinking
	}{
		{nil, nil},
		{&plannerv1.Thinking{MaxTokens: 9}, &world.Thinking{Max: 9, Mode: world.Force}},
		{all, &world.Thinking{Max: 200, Min: 50, Waits: 2, Wait: "Hmm", Mode: world.Reject, Advice: world.AdviseSteps, Steps: 16}},
	} {
		got, err := fromRequest(&plannerv1.SolveRequest{Problem: "p", Thinking: test.in})
		if diff := cmp.Diff(got.Thinking, test.want); diff != "" || err != nil {
			t.Errorf("error %v (-got +want):\n%s", err, diff)
		}
	}
}

// The domain's numbers of the enums, and people's names, are the contract's.
func TestThinkingNames(t *testing.T) {
	for name, want := range map[string]plannerv1.ThinkingMode{
		"": 0, "force": plannerv1.ThinkingMode(world.Force), "reject": plannerv1.ThinkingMode_THINKING_MODE_REJECT, "advise": plannerv1.ThinkingMode(world.Advise),
	} {
		if got, err := ParseThinkingMode(name); err != nil || got != want {
			t.Errorf("%q: got %v and error %v, want %v", name, got, err, want)
		}
	}
	for name, want := range map[string]plannerv1.ThinkingAdvice{
		"": 0, "tokens": plannerv1.ThinkingAdvice(world.AdviseTokens), "steps": plannerv1.ThinkingAdvice(world.AdviseSteps),
		"short": plannerv1.ThinkingAdvice_THINKING_ADVICE_SHORT, "long": plannerv1.ThinkingAdvice(world.AdviseLong),
	} {
		if got, err := ParseThinkingAdvice(name); err != nil || got != want {
			t.Errorf("%q: got %v and error %v, want %v", name, got, err, want)
		}
	}
	if _, err := ParseThinkingMode("hard"); err == nil {
		t.Error("an unknown mode is known")
	}
	if len(thinkingModes) != len(plannerv1.ThinkingMode_name) || len(thinkingAdvice) != len(plannerv1.ThinkingAdvice_name) {
		t.Error("the contract has other modes or advice than people")
	}
}
