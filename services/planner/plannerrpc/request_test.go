package plannerrpc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

func TestChoices(t *testing.T) {
	for _, want := range search.Choices() {
		wire := ChoiceToProto(want)
		if got, err := ChoiceFromProto(wire); err != nil || got != want {
			t.Errorf("%v goes as %v and comes back as %v, %v", want, wire, got, err)
		}
		name := "CHOICE_" + strings.ToUpper(strings.ReplaceAll(want.String(), "-", "_"))
		if wire.String() != name {
			t.Errorf("%v goes as %v, want %s", want, wire, name)
		}
	}
	for number := range plannerv1.Choice_name {
		if _, err := ChoiceFromProto(plannerv1.Choice(number)); (err == nil) != (number != 0) {
			t.Errorf("choice %v: error %v", plannerv1.Choice(number), err)
		}
	}
}

// Enums are converted by number, so the numbers must mean the same.
func TestNumbers(t *testing.T) {
	check := func(wire fmt.Stringer, prefix string, domain fmt.Stringer) {
		t.Helper()
		if want := prefix + strings.ToUpper(domain.String()); wire.String() != want {
			t.Errorf("%v is %s on the wire", domain, wire)
		}
	}
	for e := planner.EffortNone; e <= planner.EffortMax; e++ {
		check(plannerv1.Effort(e), "EFFORT_", e)
	}
	for s := planner.StateQueued; s <= planner.StateCancelled; s++ {
		check(plannerv1.SearchState(s), "SEARCH_STATE_", s)
	}
	for s := search.StateQueued; s <= search.StateFailed; s++ {
		check(plannerv1.NodeState(s), "NODE_STATE_", s)
	}
	for s := planner.StopComplete; s <= planner.StopError; s++ {
		check(plannerv1.StopReason(s), "STOP_REASON_", s)
	}
	for name, n := range map[string][2]int{
		"efforts": {len(plannerv1.Effort_name), int(planner.EffortMax)}, "states": {len(plannerv1.SearchState_name), int(planner.StateCancelled)},
		"node states": {len(plannerv1.NodeState_name), int(search.StateFailed)}, "stop reasons": {len(plannerv1.StopReason_name), int(planner.StopError)},
	} {
		if n[0]-1 != n[1] {
			t.Errorf("%d %s on the wire, %d in the domain", n[0]-1, name, n[1])
		}
	}
}

func TestFromRequest(t *testing.T) {
	temperature, topP, tokens, seed := 0.0, 0.9, int32(50), uint64(9)
	deadline := time.Unix(4e9, 0).UTC()
	got, err := fromRequest(&plannerv1.SolveRequest{
		Tenant: "t", Problem: "p", Effort: plannerv1.Effort_EFFORT_HIGH, Deadline: timestamppb.New(deadline),
		Budget:   &plannerv1.Budget{PolicyTokens: 1, VerifierTokens: 2, Flops: 3},
		Strategy: StrategyToProto(search.BestOfN{N: 4}), Choice: plannerv1.Choice_CHOICE_LAST_MAX,
		Sampling: &reasoningv1.Sampling{Temperature: &temperature, TopP: &topP, MaxTokens: &tokens}, Seed: &seed, IdempotencyKey: "k",
	})
	fifty, nine := 50, reasoning.Seed(9)
	want := planner.Request{
		Tenant: "t", Problem: "p", Effort: planner.EffortHigh, Deadline: deadline,
		Budget:   backend.Budget{PolicyTokens: 1, VerifierTokens: 2, FLOPs: 3},
		Strategy: search.BestOfN{N: 4}, Choice: &search.Choice{By: search.ByLast, Pick: search.PickMax},
		Temperature: &temperature, TopP: &topP, MaxTokens: &fifty, Seed: &nine, IdempotencyKey: "k",
	}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("error %v; got -, want +\n%s", err, diff)
	}
	got, err = fromRequest(&plannerv1.SolveRequest{Problem: "p"})
	if diff := cmp.Diff(got, planner.Request{Problem: "p"}); diff != "" || err != nil {
		t.Errorf("what is not said: error %v; got -, want +\n%s", err, diff)
	}
}
