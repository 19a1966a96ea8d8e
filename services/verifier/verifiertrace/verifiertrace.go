// Package verifiertrace traces and measures a verifier.Verifier.
package verifiertrace

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// New returns v with a span and a measurement per path. Around a micro-batcher it
// measures the time that a caller waits, around a reward model the time that the model
// takes. A nil in measures nothing.
func New(v verifier.Verifier, in *telemetry.Instruments) verifier.Verifier {
	return &traced{Verifier: v, in: in.OrDiscard()}
}

type traced struct {
	verifier.Verifier
	in   *telemetry.Instruments
	name telemetry.ModelName
}

func (v *traced) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	start, depth := time.Now(), reasoning.Depth(r.Node)
	ctx, span := v.in.Tracer.Start(ctx, names.SpanScore, trace.WithTimestamp(start), trace.WithAttributes(
		attribute.String(names.Operation, names.SpanScore), attribute.String(names.SearchID, r.Search), attribute.String(names.NodeID, r.Node),
		attribute.Int(names.Depth, depth), attribute.Int(names.Steps, len(r.Steps))))
	var took time.Duration
	defer func() { span.End(trace.WithTimestamp(start.Add(took))) }() // the span and the metric tell the same
	if v.in.Content {
		span.SetAttributes(attribute.String(names.ContentProblem, r.Problem),
			attribute.StringSlice(names.ContentPrefix, r.Steps))
	}
	result, err := v.Verifier.Score(ctx, r)
	took = time.Since(start)
	task := func() telemetry.Task {
		return telemetry.Task{Depth: depth, Strategy: telemetry.StrategyOf(ctx), Model: v.name.String()}
	}
	if err != nil {
		v.in.Fail(span, err)
		v.in.CountFailure(ctx, names.PhaseScore, task(), err)
	} else {
		v.name.Learn(func() (string, error) { m, err := v.RewardModel(ctx); return m.Name, err })
		span.SetAttributes(attribute.String(names.GenAIServedModel, v.name.String()),
			attribute.Int64(names.VerifierTokens, result.Usage.Verifier))
		if n := len(result.Scores); n > 0 {
			span.SetAttributes(attribute.Float64(names.ScoreMin, slices.Min(result.Scores)),
				attribute.Float64(names.ScoreLast, result.Scores[n-1]))
		}
		v.in.RecordPhase(ctx, names.PhaseScore, task(), took)
	}
	return result, err
}
