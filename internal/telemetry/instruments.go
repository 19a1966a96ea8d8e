package telemetry

import (
	"context"
	"iter"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
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

	// Tenants is the number of tenants whose tokens are counted by name, those that are seen first; the tokens of others
	// are counted together. 0: no tenant is a label.
	Tenants int

	Tracer         trace.Tracer
	Depth          Seconds // from the first request for a depth's nodes to the last result
	Search         Seconds // from start to end
	Width          metric.Int64Histogram
	SearchesEnded  metric.Int64Counter
	SearchesActive metric.Int64UpDownCounter
	JobsEnded      metric.Int64Counter
	JobRetries     metric.Int64Counter
	StoreFailures  metric.Int64Counter
	Progress       *Progress // of live searches

	phase, step, genAIDuration Seconds
	genAITokens                metric.Int64Histogram
	failures, children, tokens metric.Int64Counter
	refused, callRetries       metric.Int64Counter
	memoResults, tenantTokens  metric.Int64Counter
	wasted                     metric.Int64Counter
	tenants                    tenants
	meter                      metric.Meter
	slots, jobs                metric.Int64ObservableUpDownCounter
}

// DefaultSpanBudget is the span budget of a search.
const DefaultSpanBudget = 2000

var (
	// secondBuckets has the boundaries of all histograms of durations: a search takes up to 10 minutes by default, and
	// a step of thinking takes minutes.
	secondBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600}
	widthBuckets  = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}
	// tokenBuckets has the boundaries that the GenAI conventions advise.
	tokenBuckets = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
)

// NewInstruments returns instruments of these providers.
func NewInstruments(tracers trace.TracerProvider, meters metric.MeterProvider) (*Instruments, error) {
	m := &maker{Meter: meters.Meter(names.Scope)}
	in := &Instruments{
		Tracer:         tracers.Tracer(names.Scope, trace.WithSchemaURL(names.SchemaURL)),
		Depth:          m.seconds(names.DepthDuration),
		Search:         m.seconds(names.SearchDuration),
		Width:          m.counts(names.DepthWidth, widthBuckets),
		SearchesEnded:  m.counter(names.SearchesEnded),
		SearchesActive: m.upDown(names.SearchesActive),
		JobsEnded:      m.counter(names.JobsEnded),
		JobRetries:     m.counter(names.JobRetries),
		StoreFailures:  m.counter(names.StoreFailures),
		Progress:       &Progress{},

		phase:         m.seconds(names.PhaseDuration),
		step:          m.seconds(names.StepDuration),
		genAIDuration: m.seconds(names.GenAIDuration),
		genAITokens:   m.counts(names.GenAITokensUsed, tokenBuckets),
		failures:      m.counter(names.PhaseFailures),
		children:      m.counter(names.ChildrenEnded),
		tokens:        m.counter(names.TokensSpent),
		refused:       m.counter(names.SearchesRefused),
		callRetries:   m.counter(names.CallRetries),
		memoResults:   m.counter(names.MemoResults),
		tenantTokens:  m.counter(names.TenantTokens),
		wasted:        m.counter(names.TokensWasted),
		meter:         m.Meter,
		slots:         m.observed(names.WorkerSlots),
		jobs:          m.observed(names.QueueJobs),
	}
	m.gauge(names.ProgressAge, in.Progress.Age)
	return in, m.err()
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

// A Task is work of a search that is measured.
type Task struct {
	Depth    int    // of the node that is generated or scored
	Strategy string // see StrategyOf
	Model    string // that generates or scores, as its engine reports it
}

// RecordPhase adds the duration of a phase of a task that was completed. The span in ctx becomes an exemplar.
func (in *Instruments) RecordPhase(ctx context.Context, phase string, t Task, d time.Duration) {
	in.phase.histogram.Record(ctx, d.Seconds(),
		optionOf(Labels{Phase: phase, HasDepth: true, Depth: t.Depth, Strategy: t.Strategy, Model: t.Model}).record...)
}

// RecordStep adds the time from the request for a child to its arrival.
func (in *Instruments) RecordStep(ctx context.Context, t Task, d time.Duration) {
	in.step.histogram.Record(ctx, d.Seconds(),
		optionOf(Labels{HasDepth: true, Depth: t.Depth, Strategy: t.Strategy, Model: t.Model}).record...)
}

// CountFailure counts a phase of a task that ended with err.
func (in *Instruments) CountFailure(ctx context.Context, phase string, t Task, err error) {
	in.failures.Add(ctx, 1, optionOf(Labels{Phase: phase, Strategy: t.Strategy, Model: t.Model, Outcome: outcomeOf(err)}).add...)
}

// CountChildren counts children that a search requested; err is why they did not arrive, nil if they did.
func (in *Instruments) CountChildren(ctx context.Context, t Task, n int, err error) {
	in.children.Add(ctx, int64(n), optionOf(Labels{Strategy: t.Strategy, Model: t.Model, Outcome: outcomeOf(err)}).add...)
}

// StartCounters exposes a planner's counters of rare events as 0, so that a rate sees the first event.
func (in *Instruments) StartCounters(ctx context.Context) {
	in.StoreFailures.Add(ctx, 0)
	in.SearchesActive.Add(ctx, 0)
	for _, err := range []error{reasoning.ErrOverloaded, reasoning.ErrInvalid, reasoning.ErrUnavailable} {
		in.refused.Add(ctx, 0, metric.WithAttributes(attribute.String(names.LabelReason, outcomeOf(err))))
		for _, service := range []string{"policy", "verifier"} {
			if err != reasoning.ErrInvalid {
				in.callRetries.Add(ctx, 0, metric.WithAttributes(
					attribute.String(names.LabelService, service), attribute.String(names.LabelReason, outcomeOf(err))))
			}
		}
	}
}

// CountRefused counts a request for a search that was refused with err.
func (in *Instruments) CountRefused(ctx context.Context, err error) {
	in.refused.Add(ctx, 1, metric.WithAttributes(attribute.String(names.LabelReason, outcomeOf(err))))
}

// CountRetry counts a call of a service that is repeated after it failed with err.
func (in *Instruments) CountRetry(ctx context.Context, service string, err error) {
	in.callRetries.Add(ctx, 1, metric.WithAttributes(
		attribute.String(names.LabelService, service), attribute.String(names.LabelReason, outcomeOf(err))))
}

// CountMemo counts n results of a kind that were looked up, of which some were recorded.
func (in *Instruments) CountMemo(ctx context.Context, kind string, n, recorded int) {
	of := func(result string) metric.AddOption {
		return metric.WithAttributes(attribute.String(names.LabelKind, kind), attribute.String(names.LabelResult, result))
	}
	in.memoResults.Add(ctx, int64(recorded), of("hit"))
	in.memoResults.Add(ctx, int64(n-recorded), of("miss"))
}

// Spend counts the tokens of a service's usage for a task.
func (in *Instruments) Spend(ctx context.Context, service string, t Task, u reasoning.Usage) {
	for kind, tokens := range kinds(u) {
		l := Labels{Service: service, Kind: kind, Strategy: t.Strategy, Model: t.Model}
		in.tokens.Add(ctx, tokens, optionOf(l).add...)
	}
}

// CountWaste counts the generated tokens of a search that ended which it did not use.
func (in *Instruments) CountWaste(ctx context.Context, strategy string, b reasoning.Bill) {
	count := func(cause string, tokens int64) {
		if tokens > 0 {
			in.wasted.Add(ctx, tokens, metric.WithAttributes(
				attribute.String(names.LabelCause, cause), attribute.String(names.LabelStrategy, strategy)))
		}
	}
	for cause, u := range b.Waste.Causes() {
		count(cause, u.Generated)
	}
	count(names.CauseUnknown, b.Unknown.Generated)
}

// SpendTenant counts the tokens of a search of a tenant that ended, if tenants are counted.
func (in *Instruments) SpendTenant(ctx context.Context, tenant string, u reasoning.Usage) {
	if in.Tenants <= 0 {
		return
	}
	tenant = in.tenants.label(tenant, in.Tenants)
	for kind, tokens := range kinds(u) {
		in.tenantTokens.Add(ctx, tokens, metric.WithAttributes(
			attribute.String(names.LabelTenant, tenant), attribute.String(names.LabelKind, kind)))
	}
}

// kinds yields the numbers of tokens of a usage that are not 0, by the values of names.LabelKind.
func kinds(u reasoning.Usage) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for _, part := range [...]struct {
			kind   string
			tokens int64
		}{{"generated", u.Generated}, {"prompt", u.Prompt}, {"cached", u.Cached}, {"verifier", u.Verifier}} {
			if part.tokens > 0 && !yield(part.kind, part.tokens) {
				return
			}
		}
	}
}

// A GenAIRequest is a request to an engine, in the terms of the GenAI conventions.
type GenAIRequest struct {
	Operation, Provider, Model string
	Usage                      reasoning.Usage
	Err                        error
}

// RecordRequest adds the duration and the tokens of a request to an engine.
func (in *Instruments) RecordRequest(ctx context.Context, r GenAIRequest, d time.Duration) {
	labels := []attribute.KeyValue{
		attribute.String(names.GenAIOperation, r.Operation), attribute.String(names.GenAIProvider, r.Provider),
		attribute.String(names.GenAIServedModel, r.Model),
	}
	ended := labels
	if r.Err != nil {
		ended = append(slices.Clip(labels), attribute.String(names.ErrorType, outcomeOf(r.Err)))
	}
	in.genAIDuration.Record(ctx, d, ended...)
	for _, part := range [...]struct {
		kind   string
		tokens int64
	}{{names.GenAITokenInput, r.Usage.Prompt + r.Usage.Cached}, {names.GenAITokenOutput, r.Usage.Generated}} {
		if part.tokens > 0 {
			in.genAITokens.Record(ctx, part.tokens,
				metric.WithAttributes(append(slices.Clip(labels), attribute.String(names.GenAITokenType, part.kind))...))
		}
	}
}

// ObserveSlots exposes the slots of a worker of a model until stop is called. count returns how many are free and busy.
func (in *Instruments) ObserveSlots(model, worker string, count func() (free, busy int)) (stop func()) {
	return in.observe(in.slots, count, "free", "busy",
		attribute.String(names.LabelModel, model), attribute.String(names.LabelWorker, worker))
}

// ObserveJobs exposes the jobs of a model that a client of the queue waits for, until stop is called. count returns how
// many wait for a worker and how many run. Those of several clients in one process are added.
func (in *Instruments) ObserveJobs(model string, count func() (pending, running int)) (stop func()) {
	return in.observe(in.jobs, count, "pending", "running", attribute.String(names.LabelModel, model))
}

// observe exposes two counts as states of an instrument.
func (in *Instruments) observe(
	i metric.Int64ObservableUpDownCounter, count func() (int, int), first, second string, labels ...attribute.KeyValue,
) (stop func()) {
	of := func(state string) metric.ObserveOption {
		return metric.WithAttributes(append(slices.Clip(labels), attribute.String(names.LabelState, state))...)
	}
	ofFirst, ofSecond := of(first), of(second)
	registered, err := in.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		a, b := count()
		o.ObserveInt64(i, int64(a), ofFirst)
		o.ObserveInt64(i, int64(b), ofSecond)
		return nil
	}, i)
	if err != nil { // the instrument is of another meter, which cannot be
		otel.Handle(err)
		return func() {}
	}
	return func() { registered.Unregister() } // fails only for a registration of another meter
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
