package plannerrpc

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/answer"
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
			t.Errorf("%v: got %v and error %v from message %v", want, got, err, wire)
		}
		name := strings.TrimPrefix(wire.GetPick().String(), "PICK_")
		if a := wire.GetAggregator(); a != 0 {
			name = strings.TrimPrefix(a.String(), "AGGREGATOR_") + "-" + name
		}
		if strings.ToLower(name) != want.String() {
			t.Errorf("%v: got message %v, want one of that name", want, wire)
		}
	}
	const none, last = reasoningv1.Aggregator_AGGREGATOR_UNSPECIFIED, reasoningv1.Aggregator_AGGREGATOR_LAST
	for _, c := range []struct {
		aggregator reasoningv1.Aggregator
		pick       plannerv1.Pick
		field      string
	}{
		{none, plannerv1.Pick_PICK_UNSPECIFIED, "choice.pick"}, {last, plannerv1.Pick_PICK_UNSPECIFIED, "choice.pick"}, {last, 9, "choice.pick"},
		{none, plannerv1.Pick_PICK_MAX, "choice.aggregator"}, {9, plannerv1.Pick_PICK_VOTE, "choice.aggregator"},
		{last, plannerv1.Pick_PICK_MAJORITY, "choice.aggregator"},
	} {
		_, err := ChoiceFromProto(&plannerv1.Choice{Aggregator: c.aggregator, Pick: c.pick})
		var rule *reasoning.InvalidError
		if !errors.As(err, &rule) || rule.Field != c.field {
			t.Errorf("%v with %v: got %v, want %s refused", c.pick, c.aggregator, err, c.field)
		}
	}
}

// Enums are converted by number, so the numbers must mean the same.
func TestNumbers(t *testing.T) {
	check := func(wire fmt.Stringer, prefix string, domain fmt.Stringer) {
		t.Helper()
		if want := prefix + strings.ToUpper(domain.String()); wire.String() != want {
			t.Errorf("%v: the contract's number is %s, want %s", domain, wire, want)
		}
	}
	for e := planner.EffortNone; e <= planner.EffortMax; e++ {
		check(plannerv1.Effort(e), "EFFORT_", e)
	}
	for k := answer.KindAuto; k <= answer.KindCode; k++ {
		check(plannerv1.AnswerKind(k+1), "ANSWER_KIND_", k)
	}
	for s := planner.StateQueued; s <= planner.StateCancelled; s++ {
		check(plannerv1.SearchState(s), "SEARCH_STATE_", s)
	}
	for s := search.StateQueued; s <= search.StateCancelled; s++ {
		check(plannerv1.NodeState(s), "NODE_STATE_", s)
	}
	for s := planner.StopComplete; s <= planner.StopError; s++ {
		check(plannerv1.StopReason(s), "STOP_REASON_", s)
	}
	for name, n := range map[string][2]int{
		"efforts": {len(plannerv1.Effort_name), int(planner.EffortMax)}, "states": {len(plannerv1.SearchState_name), int(planner.StateCancelled)},
		"kinds of answers": {len(plannerv1.AnswerKind_name) - 1, int(answer.KindCode)},
		"node states":      {len(plannerv1.NodeState_name), int(search.StateCancelled)},
		"stop reasons":     {len(plannerv1.StopReason_name) - 2, int(planner.StopError)}, // without CONFIDENCE and PRICE
	} {
		if n[0]-1 != n[1] {
			t.Errorf("%s: the contract has %d, planners have %d", name, n[0]-1, n[1])
		}
	}
}

// specFromProto is the inverse of SpecToProto, for requests that the contract can represent.
func TestSpecRoundTrip(t *testing.T) {
	maybe := func(t *rapid.T, name string) bool { return rapid.Bool().Draw(t, name) }
	rapid.Check(t, func(t *rapid.T) {
		want := planner.Request{
			Tenant: rapid.String().Draw(t, "tenant"), IdempotencyKey: rapid.String().Draw(t, "key"),
			Problem: rapid.String().Draw(t, "problem"), Policy: rapid.String().Draw(t, "policy"), Verifier: rapid.String().Draw(t, "verifier"),
			NoStore: maybe(t, "no store"), AnswerKind: answer.Kind(rapid.IntRange(0, int(answer.KindCode)).Draw(t, "answer kind")),
			Effort: planner.Effort(rapid.IntRange(0, int(planner.EffortMax)).Draw(t, "effort")), Estimate: maybe(t, "estimate"),
			Samples: rapid.IntRange(0, search.MaxN).Draw(t, "samples"),
			Budget: backend.Budget{
				PolicyTokens: rapid.Int64().Draw(t, "policy tokens"), VerifierTokens: rapid.Int64().Draw(t, "verifier tokens"),
				FLOPs: rapid.Float64().Draw(t, "FLOPs"),
			},
		}
		if maybe(t, "has a deadline") {
			want.Deadline = time.Unix(rapid.Int64Range(0, 1e11).Draw(t, "deadline"), 0).UTC()
		}
		if maybe(t, "has a seed") {
			want.Seed = new(reasoning.Seed(rapid.Uint64().Draw(t, "seed")))
		}
		if maybe(t, "has a choice") {
			want.Choice = new(rapid.SampledFrom(search.Choices()).Draw(t, "choice"))
		}
		if maybe(t, "has sampling") {
			want.Temperature, want.TopP = new(rapid.Float64().Draw(t, "temperature")), new(rapid.Float64().Draw(t, "top p"))
			want.MaxTokens = new(int(rapid.Int32().Draw(t, "max tokens")))
		}
		if maybe(t, "has a strategy") {
			want.Strategy = drawn(t, rapid.SampledFrom([]search.Strategy{search.Majority{}, search.Beam{}, search.MCTS{}}).Draw(t, "strategy"))
		}
		if maybe(t, "thinks") {
			want.Thinking = &backend.Thinking{
				Max: rapid.IntRange(0, 99).Draw(t, "max"), Min: rapid.IntRange(0, 99).Draw(t, "min"), Wait: rapid.String().Draw(t, "wait"),
				EmptyWait: maybe(t, "empty wait"),
				Mode:      backend.Mode(rapid.IntRange(1, 3).Draw(t, "mode")), Advice: backend.Advice(rapid.IntRange(0, 4).Draw(t, "advice")),
			}
		}
		got, err := specFromProto(want.Tenant, want.IdempotencyKey, SpecToProto(want))
		if diff := cmp.Diff(got, want); diff != "" || err != nil {
			t.Fatalf("error %v; got -, want +\n%s", err, diff)
		}
	})
}

// Every field of a SearchSpec and of a Budget changes the request, or is refused by name.
func TestEveryFieldOfASpecIsUsed(t *testing.T) {
	unused := map[string]string{}
	for _, m := range []proto.Message{&plannerv1.SearchSpec{}, &plannerv1.Budget{}} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			filled := m.ProtoReflect().New()
			filled.Set(f, nonDefault(f, filled))
			spec, ok := filled.Interface().(*plannerv1.SearchSpec)
			if !ok {
				spec = &plannerv1.SearchSpec{Budget: filled.Interface().(*plannerv1.Budget)}
			}
			got, err := specFromProto("", "", spec)
			var rule *reasoning.InvalidError
			switch {
			case errors.As(err, &rule):
				unused[string(f.Name())] = "refused: " + rule.Rule
			case cmp.Equal(got, planner.Request{}):
				unused[string(f.Name())] = "ignored"
			}
		}
	}
	want := map[string]string{
		"target_confidence": "refused: is not served yet: leave it out",
		"price_per_error":   "refused: is not served yet: leave it out",
		"choice":            "refused: must be PICK_MAX, PICK_VOTE or PICK_MAJORITY, is PICK_UNSPECIFIED",
		"strategy":          "refused: must be one of [greedy majority best-of-n beam lookahead dvts rebase mcts particles revisions]",
		"sampling":          "ignored", "budget": "ignored", // as they are empty
	}
	if diff := cmp.Diff(unused, want); diff != "" {
		t.Errorf("fields that are not used: got -, want +\n%s", diff)
	}
}

// nonDefault returns a value of a field other than its default.
func nonDefault(f protoreflect.FieldDescriptor, m protoreflect.Message) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.MessageKind:
		if f.Message().FullName() == "google.protobuf.Timestamp" {
			return protoreflect.ValueOfMessage(timestamppb.New(time.Unix(4e9, 0)).ProtoReflect())
		}
		return m.NewField(f)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("x")
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(2)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(0.5)
	case protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(3)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(3)
	}
	return protoreflect.ValueOfInt64(3)
}
