package wire_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/internal/wire/wiretest"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

func TestRoundTrips(t *testing.T) {
	other := reasoning.Sampling{Temperature: 1.5, TopP: 0.25, MaxTokens: 3}
	wiretest.RoundTrip(t, "step", wiretest.Steps, wire.StepToProto, wire.StepFromProto)
	wiretest.RoundTrip(t, "usage", wiretest.Usages, wire.UsageToProto, wire.UsageFromProto)
	wiretest.RoundTrip(t, "model", wiretest.Models, wire.ModelToProto, wire.ModelFromProto)
	wiretest.RoundTrip(t, "bill", wiretest.Bills, wire.BillToProto, wire.BillFromProto)
	sampling := func(p *reasoningv1.Sampling) reasoning.Sampling { return wire.SamplingFromProto(p, other) }
	wiretest.RoundTrip(t, "sampling", wiretest.Samplings, wire.SamplingToProto, wiretest.Sure(sampling))
	t.Run("finish", rapid.MakeCheck(func(t *rapid.T) {
		want := wiretest.Finishes.Draw(t, "finish")
		if got, err := wire.FinishFromProto(wire.FinishToProto(want)); got != want || err != nil {
			t.Fatalf("got %v and error %v, want %v", got, err, want)
		}
	}))
}

// The domain's numbers of an enum are the proto's.
func TestFinishesAreTheProtos(t *testing.T) {
	for finish, want := range map[reasoning.Finish]reasoningv1.FinishReason{
		reasoning.FinishStep:   reasoningv1.FinishReason_FINISH_REASON_STEP,
		reasoning.FinishEnd:    reasoningv1.FinishReason_FINISH_REASON_END,
		reasoning.FinishLength: reasoningv1.FinishReason_FINISH_REASON_LENGTH,
	} {
		if got := wire.FinishToProto(finish); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestAbsentSamplingIsTheDefault(t *testing.T) {
	defaults := reasoning.Sampling{Temperature: 0.7, TopP: 1, MaxTokens: 100}
	if got := wire.SamplingFromProto(nil, defaults); got != defaults {
		t.Errorf("got %v, want %v", got, defaults)
	}
	greedy := wire.SamplingFromProto(&reasoningv1.Sampling{Temperature: proto.Float64(0)}, defaults)
	if want := (reasoning.Sampling{Temperature: 0, TopP: 1, MaxTokens: 100}); greedy != want {
		t.Errorf("got %v, want %v: a temperature of 0 is set", greedy, want)
	}
}

func TestMalformed(t *testing.T) {
	step := func(s *reasoningv1.Step) error { return wiretest.Second(wire.StepFromProto(s)) }
	usage := func(u *reasoningv1.Usage) error { return wiretest.Second(wire.UsageFromProto(u)) }
	cost := func(usage *reasoningv1.Usage, waste *reasoningv1.Waste, unknown *reasoningv1.Usage) error {
		return wiretest.Second(wire.CostFromProto(usage, waste, unknown))
	}
	for name, err := range map[string]error{
		"no finish":           wiretest.Second(wire.FinishFromProto(0)),
		"unknown finish":      wiretest.Second(wire.FinishFromProto(9)),
		"negative tokens":     step(&reasoningv1.Step{Tokens: -1}),
		"score above one":     step(&reasoningv1.Step{Score: proto.Float64(1.1)}),
		"score NaN":           step(&reasoningv1.Step{Score: proto.Float64(math.NaN())}),
		"log-probability":     step(&reasoningv1.Step{LogProb: math.Inf(-1)}),
		"negative usage":      usage(&reasoningv1.Usage{GeneratedTokens: -1}),
		"infinite cost":       usage(&reasoningv1.Usage{Flops: math.Inf(1)}),
		"negative waste":      cost(nil, &reasoningv1.Waste{Lost: &reasoningv1.Usage{PromptTokens: -1}}, nil),
		"more waste than use": cost(&reasoningv1.Usage{GeneratedTokens: 5}, &reasoningv1.Waste{Lost: &reasoningv1.Usage{GeneratedTokens: 6}}, nil),
		"negative unknown":    cost(nil, nil, &reasoningv1.Usage{VerifierTokens: -1}),
		"negative parameters": wiretest.Second(wire.ModelFromProto(&reasoningv1.ModelIdentity{Parameters: -1})),
	} {
		if !errors.Is(err, wire.ErrMalformed) || errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

func TestTraceContext(t *testing.T) {
	want := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: 1, Remote: true,
	})
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), want)
	member, err := baggage.NewMemberRaw("team", "a b")
	if err != nil {
		t.Fatal(err)
	}
	carried, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	ctx = baggage.ContextWithBaggage(ctx, carried)
	remote := withTraceContext(wire.TraceContext(ctx))
	if got := baggage.FromContext(remote).Member("team").Value(); got != "a b" {
		t.Errorf("baggage: got %q, want \"a b\"", got)
	}
	if got := trace.SpanContextFromContext(remote); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if traceparent, baggage := wire.TraceContext(context.Background()); traceparent+baggage != "" {
		t.Errorf("got %q and %q without a trace", traceparent, baggage)
	}
	for _, bad := range []string{"", "nonsense"} {
		got := withTraceContext(bad, bad)
		if parent, members := trace.SpanContextFromContext(got), baggage.FromContext(got).Len(); parent.IsValid() || members > 0 {
			t.Errorf("%q: got %v and %d members, want none", bad, parent, members)
		}
	}
}

func withTraceContext(traceparent, baggage string) context.Context {
	return wire.WithTraceContext(context.Background(), traceparent, baggage)
}
