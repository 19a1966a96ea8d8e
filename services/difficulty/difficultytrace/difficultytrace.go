// Package difficultytrace traces a difficulty.Estimator and counts its tokens.
package difficultytrace

import (
	"context"
	"iter"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// New returns e with a span for each estimation, and counts the tokens that it took. model is the name of the policy
// that generates its samples. A nil in measures nothing.
func New(e difficulty.Estimator, model string, in *telemetry.Instruments) difficulty.Estimator {
	return &traced{Estimator: e, model: model, in: in.OrDiscard()}
}

type traced struct {
	difficulty.Estimator
	model string
	in    *telemetry.Instruments
}

func (e *traced) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	return func(yield func(difficulty.Estimate, error) bool) {
		ctx, span := e.in.Tracer.Start(telemetry.WithStrategy(ctx, names.StrategyEstimate), names.SpanEstimate, trace.WithAttributes(
			attribute.String(names.Operation, names.SpanEstimate), attribute.String(names.SearchID, r.Search), attribute.String(names.EstimateMethod, r.Method.String())))
		var spent reasoning.Usage
		defer func() {
			e.in.Spend(ctx, "difficulty", telemetry.Task{Strategy: names.StrategyEstimate, Model: e.model}, spent)
			span.SetAttributes(telemetry.Usage(spent)...)
			span.End()
		}()
		for estimate, err := range e.Estimator.Estimate(ctx, r) {
			if err != nil {
				spent = spent.Add(estimate.Usage)
				e.in.Fail(span, err)
			} else {
				spent = estimate.Usage
				span.SetAttributes(attribute.Float64(names.PassRate, estimate.PassRate),
					attribute.Int(names.Samples, estimate.Samples), attribute.String(names.EstimateBin, estimate.Label))
			}
			if !yield(estimate, err) {
				return
			}
		}
	}
}
