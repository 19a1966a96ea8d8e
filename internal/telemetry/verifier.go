package telemetry

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Verifier is v with a span and a measurement a path. Around a micro-batcher it
// measures what a caller waits, around a reward model what the model takes.
func Verifier(v verifier.Verifier, in *Instruments) verifier.Verifier {
	return &tracedVerifier{Verifier: v, in: in.orDiscard()}
}

type tracedVerifier struct {
	verifier.Verifier
	in   *Instruments
	name modelName
}

func (v *tracedVerifier) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	start, depth := time.Now(), policy.Depth(r.Node)
	ctx, span := v.in.tracer.Start(ctx, SpanScore, trace.WithAttributes(
		SearchID.String(r.Search), NodeID.String(r.Node), Depth.Int(depth), Steps.Int(len(r.Steps))))
	defer span.End()
	if v.in.Content {
		span.SetAttributes(ContentProblem.String(r.Problem), ContentPrefix.StringSlice(r.Steps))
	}
	result, err := v.Verifier.Score(ctx, r)
	took := time.Since(start)
	if err != nil {
		v.in.fail(span, err)
	} else {
		v.name.learn(func() (string, error) { j, err := v.RewardModel(ctx); return j.Name, err })
		span.SetAttributes(GenAIServedModel.String(v.name.String()), VerifierTokens.Int64(result.Usage.Verifier))
		if n := len(result.Scores); n > 0 {
			span.SetAttributes(ScoreMin.Float64(slices.Min(result.Scores)), ScoreLast.Float64(result.Scores[n-1]))
		}
	}
	seconds(ctx, v.in.score, took, depthLabel(depth), labelModel.String(v.name.String()), labelOutcome.String(outcomeOf(err)))
	return result, err
}
