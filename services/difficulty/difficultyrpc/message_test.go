package difficultyrpc

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/internal/wire/wiretest"
	difficultyv1 "github.com/ponder-mesh/ponder/proto/ponder/difficulty/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
)

func TestRoundTrips(t *testing.T) {
	methods := rapid.SampledFrom([]difficulty.Method{
		difficulty.MethodProbe, difficulty.MethodPredicted, difficulty.MethodOracle, difficulty.MethodPrompt,
	})
	quintiles := difficulty.Quantiles(5, []float64{0.1, 0.3, 0.4, 0.6, 0.9})
	schemes := rapid.SampledFrom([]difficulty.Scheme{{}, difficulty.Absolute, quintiles})
	children := rapid.Custom(func(t *rapid.T) policy.Child {
		steps := rapid.SliceOfN(wiretest.Steps, 1, 4).Draw(t, "steps")
		return policy.Child{
			Steps: steps, Finish: wiretest.Finishes.Draw(t, "finish"), Usage: wiretest.Usages.Draw(t, "usage"),
		}
	})
	wiretest.RoundTrip(t, "estimate request", rapid.Custom(func(t *rapid.T) difficulty.Request {
		return difficulty.Request{
			Tenant:     rapid.String().Draw(t, "tenant"),
			Search:     rapid.String().Draw(t, "search"),
			Problem:    rapid.String().Draw(t, "problem"),
			Seed:       reasoning.Seed(rapid.Uint64().Draw(t, "seed")),
			Sampling:   wiretest.Samplings.Draw(t, "sampling"),
			MaxSamples: wiretest.Counts.Draw(t, "max_samples"),
			Method:     methods.Draw(t, "method"),
			Scheme:     schemes.Draw(t, "scheme"),
			Answer:     rapid.String().Draw(t, "answer"),
		}
	}), estimateRequestToProto, func(p *difficultyv1.EstimateRequest) (difficulty.Request, error) {
		return estimateRequestFromProto(p, reasoning.Sampling{Temperature: 1.5, TopP: 0.25, MaxTokens: 3})
	})
	wiretest.RoundTrip(t, "estimate", rapid.Custom(func(t *rapid.T) difficulty.Estimate {
		low := wiretest.Unit.Draw(t, "low")
		rate := rapid.Float64Range(low, 1).Draw(t, "rate")
		return difficulty.Estimate{
			PassRate: rate,
			Low:      low,
			High:     rapid.Float64Range(rate, 1).Draw(t, "high"),
			Samples:  wiretest.Counts.Draw(t, "samples"),
			Bin:      rapid.IntRange(0, difficulty.MaxEdges).Draw(t, "bin"),
			Label:    rapid.String().Draw(t, "label"),
			Settled:  rapid.Bool().Draw(t, "settled"),
			New:      rapid.SliceOfN(children, 0, 3).Draw(t, "new"),
			Final:    rapid.Bool().Draw(t, "final"),
		}.WithCost(wiretest.Costs.Draw(t, "cost"))
	}), responseToProto, responseFromProto)
}

func TestInvalidMessagesAreRefused(t *testing.T) {
	for name, p := range map[string]*difficultyv1.Estimate{
		"bin":      {Bin: &difficultyv1.Bin{Index: 16}},
		"interval": {PassRate: 0.5, Low: 0.6, High: 0.7},
	} {
		if _, err := EstimateFromProto(p); !errors.Is(err, wire.ErrMalformed) || errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
	for name, p := range map[string]*difficultyv1.EstimateRequest{
		"negative method": {Method: -5},
		"unknown method":  {Method: 5},
		"no samples":      {MaxSamples: proto.Int32(0)},
	} {
		if _, err := estimateRequestFromProto(p, reasoning.Sampling{}); !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}
