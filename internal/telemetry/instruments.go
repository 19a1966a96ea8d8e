package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/reasoning"
)

// Instruments holds a tracer and Ponder's histograms and counters. It is safe for concurrent
// use.
type Instruments struct {
	// SpanBudget is the approximate largest number of spans of one search; 0 is
	// DefaultSpanBudget. Viewers of traces are slow beyond a few thousand.
	SpanBudget int
	// Content adds the texts of problems and solutions to spans, and those of errors, which
	// may quote them.
	Content bool

	Tracer         trace.Tracer
	Step           Seconds // from the request for a child to its arrival
	QueueWait      Seconds // of a job
	Generate       Seconds // of a child
	Score          Seconds // of a path
	Depth          Seconds // from the first request for a depth's nodes to the last result
	Search         Seconds // from start to end
	Width          metric.Int64Histogram
	Tokens         metric.Int64Counter
	SearchesEnded  metric.Int64Counter
	SearchesActive metric.Int64UpDownCounter
	StoreFailures  metric.Int64Counter
}

// DefaultSpanBudget is the span budget of a search.
const DefaultSpanBudget = 2000

var (
	// secondBuckets has the boundaries of all histograms of durations: a search takes up to 10 minutes by default, and
	// a step of thinking takes minutes.
	secondBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600}
	widthBuckets  = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}
)

// NewInstruments returns instruments of these providers.
func NewInstruments(tracers trace.TracerProvider, meters metric.MeterProvider) (*Instruments, error) {
	meter := meters.Meter(names.Scope)
	var errs [11]error
	seconds := func(i int, name, help string) (s Seconds) {
		s.histogram, errs[i] = meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(help),
			metric.WithExplicitBucketBoundaries(secondBuckets...))
		return s
	}
	in := &Instruments{
		Tracer:    tracers.Tracer(names.Scope, trace.WithSchemaURL(names.SchemaURL)),
		Step:      seconds(0, names.StepDuration, "From a child's request to its arrival: queue, generation and transport."),
		QueueWait: seconds(1, names.QueueWaitTime, "How long a job waited for a worker."),
		Generate:  seconds(2, names.GenerateDuration, "How long an engine took to generate a child."),
		Score:     seconds(3, names.ScoreDuration, "How long a verifier took to score a path."),
		Depth:     seconds(4, names.DepthDuration, "From the first request for a depth's nodes to the last result."),
		Search:    seconds(5, names.SearchDuration, "From a search's start to its end."),
	}
	in.Width, errs[6] = meter.Int64Histogram(names.DepthWidth, metric.WithUnit("{child}"),
		metric.WithDescription("Children requested at a depth."), metric.WithExplicitBucketBoundaries(widthBuckets...))
	in.Tokens, errs[7] = meter.Int64Counter(names.TokensSpent, metric.WithUnit("{token}"),
		metric.WithDescription("Tokens billed to searches."))
	in.SearchesEnded, errs[8] = meter.Int64Counter(names.SearchesEnded, metric.WithUnit("{search}"),
		metric.WithDescription("Searches that ended."))
	in.SearchesActive, errs[9] = meter.Int64UpDownCounter(names.SearchesActive, metric.WithUnit("{search}"),
		metric.WithDescription("Live searches."))
	in.StoreFailures, errs[10] = meter.Int64Counter(names.StoreFailures, metric.WithUnit("{result}"),
		metric.WithDescription("Results that could not be recorded, as when a disk is full."))
	return in, errors.Join(errs[:]...)
}

var discard = func() *Instruments {
	in, err := NewInstruments(tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider())
	if err != nil {
		panic(err)
	}
	return in
}()

// OrDiscard returns in, or instruments that measure nothing if in is nil.
func (in *Instruments) OrDiscard() *Instruments {
	if in == nil {
		return discard
	}
	return in
}

// Seconds is a histogram of durations.
type Seconds struct{ histogram metric.Float64Histogram }

// Record adds a duration. The span in ctx becomes an exemplar of the bucket.
func (s Seconds) Record(ctx context.Context, d time.Duration, labels ...attribute.KeyValue) {
	s.histogram.Record(ctx, d.Seconds(), metric.WithAttributeSet(attribute.NewSet(labels...)))
}

// Spend counts the tokens of a service's usage.
func (in *Instruments) Spend(ctx context.Context, service string, u reasoning.Usage) {
	for _, part := range []struct {
		kind   string
		tokens int64
	}{{"generated", u.Generated}, {"prompt", u.Prompt}, {"cached", u.Cached}, {"verifier", u.Verifier}} {
		if part.tokens > 0 {
			in.Tokens.Add(ctx, part.tokens, metric.WithAttributes(
				attribute.String(names.LabelService, service), attribute.String(names.LabelKind, part.kind)))
		}
	}
}

// Usage returns the attributes of a span for its cost.
func Usage(u reasoning.Usage) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.Int64(names.GenAIInputTokens, u.Prompt+u.Cached),
		attribute.Int64(names.GenAICachedTokens, u.Cached),
		attribute.Int64(names.GenAIOutputTokens, u.Generated),
		attribute.Int64(names.VerifierTokens, u.Verifier),
	}
}
