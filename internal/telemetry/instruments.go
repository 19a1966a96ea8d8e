package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Instruments are what Ponder's work is measured with: a tracer, and histograms by
// depth. They are safe for concurrent use; a nil *Instruments measures nothing.
type Instruments struct {
	// SpanBudget is about how many spans one search may have; 0 is
	// DefaultSpanBudget. Viewers of traces struggle beyond a few thousand.
	SpanBudget int
	// Content has the texts of problems and solutions, and of errors, which may
	// quote them, written into spans.
	Content bool

	tracer trace.Tracer

	step, wait, generate, score, depth, search metric.Float64Histogram
	width                                      metric.Int64Histogram
	tokens, ended                              metric.Int64Counter
	active                                     metric.Int64UpDownCounter
}

// DefaultSpanBudget of a search.
const DefaultSpanBudget = 2000

var (
	secondBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80}
	widthBuckets  = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}
)

// NewInstruments makes them from providers.
func NewInstruments(tracers trace.TracerProvider, meters metric.MeterProvider) (*Instruments, error) {
	meter := meters.Meter(Scope)
	var errs [10]error
	seconds := func(i int, name, what string) (h metric.Float64Histogram) {
		h, errs[i] = meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(what), metric.WithExplicitBucketBoundaries(secondBuckets...))
		return h
	}
	in := &Instruments{
		tracer:   tracers.Tracer(Scope),
		step:     seconds(0, StepDuration, "From asking for a child to having it: queue, generation and transport."),
		wait:     seconds(1, QueueWaitTime, "How long a job waited for a worker."),
		generate: seconds(2, GenerateDuration, "How long an engine took to write a child."),
		score:    seconds(3, ScoreDuration, "How long a verifier took to judge a path."),
		depth:    seconds(4, DepthDuration, "From the first call for a depth's nodes to the last result."),
		search:   seconds(5, SearchDuration, "From a search's start to its end."),
	}
	in.width, errs[6] = meter.Int64Histogram(DepthWidth, metric.WithUnit("{child}"), metric.WithDescription("Children asked for at a depth."), metric.WithExplicitBucketBoundaries(widthBuckets...))
	in.tokens, errs[7] = meter.Int64Counter(TokensSpent, metric.WithUnit("{token}"), metric.WithDescription("Tokens billed to searches."))
	in.ended, errs[8] = meter.Int64Counter(SearchesEnded, metric.WithUnit("{search}"), metric.WithDescription("Searches that ended."))
	in.active, errs[9] = meter.Int64UpDownCounter(SearchesActive, metric.WithUnit("{search}"), metric.WithDescription("Searches under way."))
	return in, errors.Join(errs[:]...)
}

var discard = func() *Instruments {
	in, err := NewInstruments(tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider())
	if err != nil {
		panic(err)
	}
	return in
}()

// orDiscard lets a nil *Instruments be used.
func (in *Instruments) orDiscard() *Instruments {
	if in == nil {
		return discard
	}
	return in
}

// seconds records a duration. The span in ctx becomes an exemplar of the bucket.
func seconds(ctx context.Context, h metric.Float64Histogram, d time.Duration, labels ...attribute.KeyValue) {
	h.Record(ctx, d.Seconds(), metric.WithAttributeSet(attribute.NewSet(labels...)))
}

// spend counts what a service was paid.
func (in *Instruments) spend(ctx context.Context, service string, u reasoning.Usage) {
	for _, part := range []struct {
		kind   string
		tokens int64
	}{{"generated", u.Generated}, {"prompt", u.Prompt}, {"cached", u.Cached}, {"verifier", u.Verifier}} {
		if part.tokens > 0 {
			in.tokens.Add(ctx, part.tokens, metric.WithAttributes(labelService.String(service), labelKind.String(part.kind)))
		}
	}
}

// outcomes are the values of labelOutcome beside "ok" and "error".
var outcomes = []struct {
	err  error
	name string
}{
	{search.ErrSpent, "spent"},
	{context.Canceled, "cancelled"},
	{context.DeadlineExceeded, "deadline"},
	{reasoning.ErrInvalid, "invalid"},
	{reasoning.ErrUnavailable, "unavailable"},
	{reasoning.ErrOverloaded, "overloaded"},
	{policy.ErrModel, "model"},
	{policy.ErrPoison, "poison"},
	{verifier.ErrBadScores, "misjudged"},
}

func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.name
		}
	}
	return "error"
}

// fail marks a span. An error's text may quote a prompt, so it is content; the
// outcome's name is not.
func (in *Instruments) fail(span trace.Span, err error) {
	if err == nil || errors.Is(err, search.ErrSpent) {
		return
	}
	outcome := outcomeOf(err)
	span.SetAttributes(ErrorType.String(outcome))
	span.SetStatus(codes.Error, outcome)
	if in.Content {
		span.SetAttributes(ContentError.String(err.Error()))
	}
}
