package telemetry

import (
	"context"
	"iter"

	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// Difficulty is e with a span an estimation. It counts the tokens that estimating
// took, so it belongs where the search is billed: in the planner.
func Difficulty(e difficulty.Estimator, in *Instruments) difficulty.Estimator {
	return &tracedEstimator{Estimator: e, in: in.orDiscard()}
}

type tracedEstimator struct {
	difficulty.Estimator
	in *Instruments
}

func (e *tracedEstimator) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	return func(yield func(difficulty.Estimate, error) bool) {
		ctx, span := e.in.tracer.Start(ctx, SpanEstimate, trace.WithAttributes(SearchID.String(r.Search), EstimateMethod.String(r.Method.String())))
		var spent reasoning.Usage
		defer func() {
			e.in.spend(ctx, "difficulty", spent)
			span.SetAttributes(usage(spent)...)
			span.End()
		}()
		for estimate, err := range e.Estimator.Estimate(ctx, r) {
			if err != nil {
				e.in.fail(span, err)
			} else {
				spent = estimate.Usage
				span.SetAttributes(PassRate.Float64(estimate.PassRate), Samples.Int(estimate.Samples), EstimateBin.String(estimate.Label))
			}
			if !yield(estimate, err) {
				return
			}
		}
	}
}
