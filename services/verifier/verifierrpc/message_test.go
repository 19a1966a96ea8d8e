package verifierrpc

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/internal/wire/wiretest"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func TestRoundTrips(t *testing.T) {
	aggregators := rapid.SampledFrom([]verifier.Aggregator{
		verifier.AggregatorMin, verifier.AggregatorLast, verifier.AggregatorAvg, verifier.AggregatorProd,
	})
	wiretest.RoundTrip(t, "path", rapid.Custom(func(t *rapid.T) verifier.Request {
		return verifier.Request{
			Tenant:  rapid.String().Draw(t, "tenant"),
			Search:  rapid.String().Draw(t, "search"),
			Node:    rapid.String().Draw(t, "node"),
			Problem: rapid.String().Draw(t, "problem"),
			Steps:   wiretest.Texts.Draw(t, "steps"),
		}
	}), pathToProto, wiretest.Sure(pathFromProto))
	wiretest.RoundTrip(t, "scores", rapid.Custom(func(t *rapid.T) verifier.Result {
		return verifier.Result{
			Scores: rapid.SliceOf(wiretest.Unit).Draw(t, "scores"),
			Took:   wiretest.Durations.Draw(t, "took"),
		}.WithCost(wiretest.Costs.Draw(t, "cost"))
	}), scoresToProto, scoresFromProto)
	wiretest.RoundTrip(t, "reward model", rapid.Custom(func(t *rapid.T) verifier.RewardModel {
		return verifier.RewardModel{
			Model: wiretest.Models.Draw(t, "model"), Aggregator: aggregators.Draw(t, "aggregator"),
			Capabilities: verifier.Capabilities{
				Input: wiretest.Inputs.Draw(t, "input"), Steps: wiretest.Supports.Draw(t, "steps"),
			},
		}
	}), rewardModelToProto, rewardModelFromProto)
}

// An aggregator has the same number in the domain and in the proto.
func TestAggregatorsHaveTheNumbersOfTheProto(t *testing.T) {
	for aggregator, want := range map[verifier.Aggregator]reasoningv1.Aggregator{
		verifier.AggregatorMin:  reasoningv1.Aggregator_AGGREGATOR_MIN,
		verifier.AggregatorLast: reasoningv1.Aggregator_AGGREGATOR_LAST,
		verifier.AggregatorAvg:  reasoningv1.Aggregator_AGGREGATOR_AVG,
		verifier.AggregatorProd: reasoningv1.Aggregator_AGGREGATOR_PROD,
	} {
		if got := aggregatorToProto(aggregator); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got, err := aggregatorFromProto(9); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("unknown: got %v and error %v, want ErrMalformed", got, err)
	}
}
