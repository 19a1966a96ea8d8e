package wire

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	difficultyv1 "github.com/ponder-mesh/ponder/proto/ponder/difficulty/v1"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Drawn values are any that a sound body may give.
var (
	counts    = rapid.IntRange(0, math.MaxInt32)
	ordinals  = rapid.SliceOf(counts)
	texts     = rapid.SliceOf(rapid.String())
	unit      = rapid.Float64Range(0, 1)
	durations = rapid.Map(rapid.Int64Range(0, int64(1000*time.Hour)), func(n int64) time.Duration { return time.Duration(n) })

	steps = rapid.Custom(func(t *rapid.T) reasoning.Step {
		s := reasoning.Step{
			Text:    rapid.String().Draw(t, "text"),
			Tokens:  counts.Draw(t, "tokens"),
			LogProb: rapid.Float64Max(0).Draw(t, "log_prob"),
		}
		if s.Scored = rapid.Bool().Draw(t, "scored"); s.Scored {
			s.Score = unit.Draw(t, "score")
		}
		return s
	})
	usages = rapid.Custom(func(t *rapid.T) reasoning.Usage {
		tokens := rapid.Int64Min(0)
		return reasoning.Usage{
			Generated: tokens.Draw(t, "generated"),
			Prompt:    tokens.Draw(t, "prompt"),
			Cached:    tokens.Draw(t, "cached"),
			Verifier:  tokens.Draw(t, "verifier"),
			FLOPs:     rapid.Float64Min(0).Draw(t, "flops"),
		}
	})
	samplings = rapid.Custom(func(t *rapid.T) reasoning.Sampling {
		return reasoning.Sampling{
			Temperature: rapid.Float64().Draw(t, "temperature"),
			TopP:        rapid.Float64().Draw(t, "top_p"),
			MaxTokens:   counts.Draw(t, "max_tokens"),
		}
	})
	models = rapid.Custom(func(t *rapid.T) reasoning.Model {
		return reasoning.Model{
			Name:       rapid.String().Draw(t, "name"),
			Version:    rapid.String().Draw(t, "version"),
			Tokenizer:  rapid.String().Draw(t, "tokenizer"),
			Template:   rapid.String().Draw(t, "template"),
			Parameters: rapid.Int64Min(0).Draw(t, "parameters"),
		}
	})
	starts = rapid.Custom(func(t *rapid.T) policy.Start {
		return policy.Start{
			Worker:    rapid.String().Draw(t, "worker"),
			Attempt:   counts.Draw(t, "attempt"),
			QueueWait: durations.Draw(t, "queue_wait"),
		}
	})
	finishes = rapid.SampledFrom([]reasoning.Finish{reasoning.FinishStep, reasoning.FinishEnd, reasoning.FinishLength})
	children = rapid.Custom(func(t *rapid.T) policy.Child {
		return policy.Child{
			Ordinal:  counts.Draw(t, "ordinal"),
			Steps:    rapid.SliceOfN(steps, 1, 4).Draw(t, "steps"),
			Finish:   finishes.Draw(t, "finish"),
			Usage:    usages.Draw(t, "usage"),
			Generate: durations.Draw(t, "generate"),
			Start:    starts.Draw(t, "start"),
		}
	})
	aggregators = rapid.SampledFrom([]verifier.Aggregator{verifier.AggregatorMin, verifier.AggregatorLast, verifier.AggregatorAvg, verifier.AggregatorProd})
)

// roundTrip checks that from(to(x)) is x, over the bytes of the message.
func roundTrip[D any, P proto.Message](t *testing.T, name string, values *rapid.Generator[D], to func(D) P, from func(P) (D, error)) {
	t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
		want := values.Draw(t, name)
		bytes, err := proto.Marshal(to(want))
		if err != nil {
			t.Fatal(err)
		}
		p := to(want).ProtoReflect().New().Interface()
		if err := proto.Unmarshal(bytes, p); err != nil {
			t.Fatal(err)
		}
		got, err := from(p.(P))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want, cmpopts.EquateEmpty(), cmpopts.EquateNaNs(), cmpopts.IgnoreFields(policy.Request{}, "OnStart")); diff != "" {
			t.Fatal("got -, want +\n", diff)
		}
	}))
}

func sure[D, P any](f func(P) D) func(P) (D, error) {
	return func(p P) (D, error) { return f(p), nil }
}

func TestRoundTrips(t *testing.T) {
	odd := reasoning.Sampling{Temperature: 1.5, TopP: 0.25, MaxTokens: 3}
	roundTrip(t, "step", steps, StepToProto, StepFromProto)
	roundTrip(t, "usage", usages, UsageToProto, UsageFromProto)
	roundTrip(t, "model", models, ModelToProto, ModelFromProto)
	roundTrip(t, "child", children, ChildToProto, ChildFromProto)
	roundTrip(t, "start", starts, StartToProto, StartFromProto)
	roundTrip(t, "bill", rapid.Custom(func(t *rapid.T) reasoning.Bill {
		return reasoning.Bill{Policy: usages.Draw(t, "p"), Verifier: usages.Draw(t, "v"), Difficulty: usages.Draw(t, "d")}
	}), BillToProto, BillFromProto)
	roundTrip(t, "sampling", samplings, SamplingToProto, sure(func(p *reasoningv1.Sampling) reasoning.Sampling {
		return SamplingFromProto(p, odd)
	}))
	roundTrip(t, "expansion", rapid.Custom(func(t *rapid.T) policy.Request {
		return policy.Request{
			Tenant:   rapid.String().Draw(t, "tenant"),
			Search:   rapid.String().Draw(t, "search"),
			Node:     rapid.String().Draw(t, "node"),
			Problem:  rapid.String().Draw(t, "problem"),
			Attempts: texts.Draw(t, "attempts"),
			Steps:    texts.Draw(t, "steps"),
			Ordinals: ordinals.Draw(t, "ordinals"),
			Span:     counts.Draw(t, "span"),
			Stop:     rapid.String().Draw(t, "stop"),
			Seed:     reasoning.Seed(rapid.Uint64().Draw(t, "seed")),
			Sampling: samplings.Draw(t, "sampling"),
			Model:    models.Draw(t, "model"),
		}
	}), ExpansionToProto, func(p *policyv1.Expansion) (policy.Request, error) { return ExpansionFromProto(p, odd) })
	roundTrip(t, "path", rapid.Custom(func(t *rapid.T) verifier.Request {
		return verifier.Request{
			Tenant:  rapid.String().Draw(t, "tenant"),
			Search:  rapid.String().Draw(t, "search"),
			Node:    rapid.String().Draw(t, "node"),
			Problem: rapid.String().Draw(t, "problem"),
			Steps:   texts.Draw(t, "steps"),
		}
	}), PathToProto, sure(PathFromProto))
	roundTrip(t, "scores", rapid.Custom(func(t *rapid.T) verifier.Result {
		return verifier.Result{
			Scores: rapid.SliceOf(unit).Draw(t, "scores"),
			Usage:  usages.Draw(t, "usage"),
			Took:   durations.Draw(t, "took"),
		}
	}), ScoresToProto, ScoresFromProto)
	roundTrip(t, "judge", rapid.Custom(func(t *rapid.T) verifier.RewardModel {
		return verifier.RewardModel{Model: models.Draw(t, "model"), Aggregator: aggregators.Draw(t, "aggregator")}
	}), RewardModelToProto, RewardModelFromProto)
	roundTrip(t, "estimate request", rapid.Custom(func(t *rapid.T) difficulty.Request {
		return difficulty.Request{
			Tenant:     rapid.String().Draw(t, "tenant"),
			Search:     rapid.String().Draw(t, "search"),
			Problem:    rapid.String().Draw(t, "problem"),
			Seed:       reasoning.Seed(rapid.Uint64().Draw(t, "seed")),
			Sampling:   samplings.Draw(t, "sampling"),
			MaxSamples: counts.Draw(t, "max_samples"),
			Method:     rapid.SampledFrom([]difficulty.Method{difficulty.MethodProbe, difficulty.MethodPredicted, difficulty.MethodOracle, difficulty.MethodPrompt}).Draw(t, "method"),
			Scheme:     rapid.SampledFrom([]difficulty.Scheme{{}, difficulty.Absolute, difficulty.Quantiles(5, []float64{0.1, 0.3, 0.4, 0.6, 0.9})}).Draw(t, "scheme"),
			Answer:     rapid.String().Draw(t, "answer"),
		}
	}), EstimateRequestToProto, func(p *difficultyv1.EstimateRequest) (difficulty.Request, error) {
		return EstimateRequestFromProto(p, odd)
	})
	roundTrip(t, "estimate", rapid.Custom(func(t *rapid.T) difficulty.Estimate {
		low := unit.Draw(t, "low")
		rate := rapid.Float64Range(low, 1).Draw(t, "rate")
		return difficulty.Estimate{
			PassRate: rate,
			Low:      low,
			High:     rapid.Float64Range(rate, 1).Draw(t, "high"),
			Samples:  counts.Draw(t, "samples"),
			Bin:      rapid.IntRange(0, difficulty.MaxEdges).Draw(t, "bin"),
			Label:    rapid.String().Draw(t, "label"),
			Settled:  rapid.Bool().Draw(t, "settled"),
			Usage:    usages.Draw(t, "usage"),
			New:      rapid.SliceOfN(children, 0, 3).Draw(t, "new"),
			Final:    rapid.Bool().Draw(t, "final"),
		}
	}), EstimateToProto, EstimateFromProto)
	t.Run("enums", rapid.MakeCheck(func(t *rapid.T) {
		finish, aggregator := finishes.Draw(t, "finish"), aggregators.Draw(t, "aggregator")
		gotFinish, err1 := FinishFromProto(FinishToProto(finish))
		gotAggregator, err2 := AggregatorFromProto(AggregatorToProto(aggregator))
		if gotFinish != finish || gotAggregator != aggregator || first(err1, err2) != nil {
			t.Fatal(gotFinish, finish, gotAggregator, aggregator, err1, err2)
		}
	}))
}

// The domain's numbers of an enum are the proto's.
func TestEnumsAgree(t *testing.T) {
	for _, c := range []struct{ got, want any }{
		{FinishToProto(reasoning.FinishStep), reasoningv1.FinishReason_FINISH_REASON_STEP},
		{FinishToProto(reasoning.FinishEnd), reasoningv1.FinishReason_FINISH_REASON_END},
		{FinishToProto(reasoning.FinishLength), reasoningv1.FinishReason_FINISH_REASON_LENGTH},
		{AggregatorToProto(verifier.AggregatorMin), verifierv1.Aggregator_AGGREGATOR_MIN},
		{AggregatorToProto(verifier.AggregatorLast), verifierv1.Aggregator_AGGREGATOR_LAST},
		{AggregatorToProto(verifier.AggregatorAvg), verifierv1.Aggregator_AGGREGATOR_AVG},
		{AggregatorToProto(verifier.AggregatorProd), verifierv1.Aggregator_AGGREGATOR_PROD},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}

func TestAbsentSamplingIsTheDefault(t *testing.T) {
	defaults := reasoning.Sampling{Temperature: 0.7, TopP: 1, MaxTokens: 100}
	if got := SamplingFromProto(nil, defaults); got != defaults {
		t.Errorf("got %v, want %v", got, defaults)
	}
	greedy := SamplingFromProto(&reasoningv1.Sampling{Temperature: proto.Float64(0)}, defaults)
	if want := (reasoning.Sampling{Temperature: 0, TopP: 1, MaxTokens: 100}); greedy != want {
		t.Errorf("got %v, want %v: a temperature of 0 is said", greedy, want)
	}
}

func TestMalformed(t *testing.T) {
	child := func(spoil func(*policyv1.Child)) error {
		p := ChildToProto(policy.Child{Steps: []reasoning.Step{{Text: "x"}}, Finish: reasoning.FinishEnd})
		spoil(p)
		_, err := ChildFromProto(p)
		return err
	}
	for name, err := range map[string]error{
		"no child":           second(ChildFromProto(nil)),
		"no finish":          child(func(c *policyv1.Child) { c.Finish = 0 }),
		"unknown finish":     child(func(c *policyv1.Child) { c.Finish = 9 }),
		"no steps":           child(func(c *policyv1.Child) { c.Steps = nil }),
		"negative tokens":    child(func(c *policyv1.Child) { c.Steps[0].Tokens = -1 }),
		"score above one":    child(func(c *policyv1.Child) { c.Steps[0].Score = proto.Float64(1.1) }),
		"score NaN":          child(func(c *policyv1.Child) { c.Steps[0].Score = proto.Float64(math.NaN()) }),
		"log-probability":    child(func(c *policyv1.Child) { c.Steps[0].LogProb = math.Inf(-1) }),
		"negative usage":     child(func(c *policyv1.Child) { c.Usage.GeneratedTokens = -1 }),
		"endless cost":       child(func(c *policyv1.Child) { c.Usage.Flops = math.Inf(1) }),
		"negative time":      child(func(c *policyv1.Child) { c.GenerateTime = durationpb.New(-1) }),
		"negative ordinal":   child(func(c *policyv1.Child) { c.Ordinal = -1 }),
		"unknown aggregator": second(AggregatorFromProto(9)),
		"bin":                second(EstimateFromProto(&difficultyv1.EstimateResponse{BinIndex: 16})),
		"interval":           second(EstimateFromProto(&difficultyv1.EstimateResponse{PassRate: 0.5, Low: 0.6, High: 0.7})),
	} {
		if !errors.Is(err, ErrMalformed) || errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
	for name, err := range map[string]error{
		"too many ordinals": second(ExpansionFromProto(&policyv1.Expansion{Ordinals: make([]int32, policy.MaxChildren+1)}, reasoning.Sampling{})),
		"model":             second(ExpansionFromProto(&policyv1.Expansion{Model: &reasoningv1.ModelIdentity{Parameters: -1}}, reasoning.Sampling{})),
		"negative method":   second(EstimateRequestFromProto(&difficultyv1.EstimateRequest{Method: -5}, reasoning.Sampling{})),
		"unknown method":    second(EstimateRequestFromProto(&difficultyv1.EstimateRequest{Method: 5}, reasoning.Sampling{})),
		"no samples":        second(EstimateRequestFromProto(&difficultyv1.EstimateRequest{MaxSamples: proto.Int32(0)}, reasoning.Sampling{})),
	} {
		if !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestTraceparent(t *testing.T) {
	want := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: 1, Remote: true})
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), want)
	if got := trace.SpanContextFromContext(WithTraceparent(context.Background(), Traceparent(ctx))); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Traceparent(context.Background()); got != "" {
		t.Errorf("got %q without a trace", got)
	}
	for _, bad := range []string{"", "nonsense"} {
		if got := trace.SpanContextFromContext(WithTraceparent(context.Background(), bad)); got.IsValid() {
			t.Errorf("%q: got %v, want none", bad, got)
		}
	}
}
