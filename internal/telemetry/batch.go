package telemetry

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// queueSize is how many spans may wait for export. The SDK's 2048 is about one search.
const queueSize = 8192

// batch returns a processor that hands ended spans to an exporter in batches. It counts
// the spans that enter the queue between and those that leave it, since the SDK drops
// silently what does not fit.
func batch(
	name string, e sdktrace.SpanExporter, counter metric.Int64Counter, options ...sdktrace.BatchSpanProcessorOption,
) sdktrace.SpanProcessor {
	if os.Getenv("OTEL_BSP_MAX_QUEUE_SIZE") == "" {
		options = append(options, sdktrace.WithMaxQueueSize(queueSize))
	}
	handled := func(state string) func(context.Context, int) {
		labels := metric.WithAttributes(
			attribute.String(names.LabelExporter, name), attribute.String(names.LabelState, state))
		return func(ctx context.Context, n int) { counter.Add(ctx, int64(n), labels) }
	}
	queue := sdktrace.NewBatchSpanProcessor(countedExporter{e, handled("exported")}, options...)
	return countedProcessor{queue, handled("ended")}
}

type countedProcessor struct {
	sdktrace.SpanProcessor
	ended func(context.Context, int)
}

func (p countedProcessor) OnEnd(s sdktrace.ReadOnlySpan) {
	p.ended(context.Background(), 1)
	p.SpanProcessor.OnEnd(s)
}

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

// An errorLog logs the errors of OpenTelemetry, at most one a minute: exports to a
// collector that is down fail every few seconds.
type errorLog struct {
	log *slog.Logger

	mu     sync.Mutex
	next   time.Time
	hidden int
}

// Handle implements otel.ErrorHandler.
func (l *errorLog) Handle(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Before(l.next) {
		l.hidden++
		return
	}
	log := l.log
	if log == nil {
		log = slog.Default()
	}
	log.Warn("telemetry was not exported", "error", err, "hidden", l.hidden)
	l.next, l.hidden = now.Add(time.Minute), 0
}
