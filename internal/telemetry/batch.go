package telemetry

import (
	"context"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// queueSize is the largest number of spans that wait for export. The SDK's default, 2048, is
// about one search.
const queueSize = 8192

// batch returns a processor that passes ended spans to an exporter in batches. It counts the
// spans that enter its queue and those that leave it, since the SDK drops spans silently when
// the queue is full.
func batch(
	name string, e sdktrace.SpanExporter, counter metric.Int64Counter, options ...sdktrace.BatchSpanProcessorOption,
) sdktrace.SpanProcessor {
	if os.Getenv("OTEL_BSP_MAX_QUEUE_SIZE") == "" {
		options = append(options, sdktrace.WithMaxQueueSize(queueSize))
	}
	handled := func(state string) func(context.Context, int) {
		labels := metric.WithAttributes(
			attribute.String(names.LabelExporter, name), attribute.String(names.LabelState, state))
		counter.Add(context.Background(), 0, labels) // so that the difference is known from the start
		return func(ctx context.Context, n int) { counter.Add(ctx, int64(n), labels) }
	}
	queue := sdktrace.NewBatchSpanProcessor(countedExporter{e, handled("exported")}, options...)
	return countedProcessor{queue, handled("ended")}
}

// A countedProcessor counts the spans that enter its queue.
type countedProcessor struct {
	sdktrace.SpanProcessor
	ended func(context.Context, int)
}

func (p countedProcessor) OnEnd(s sdktrace.ReadOnlySpan) {
	p.ended(context.Background(), 1)
	p.SpanProcessor.OnEnd(s)
}

// A countedExporter counts the spans that were exported.
type countedExporter struct {
	sdktrace.SpanExporter
	exported func(context.Context, int)
}

func (e countedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		e.exported(ctx, len(spans))
	}
	return err
}
