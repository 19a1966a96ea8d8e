// Package plannertrace traces and measures searches: a span for each search, one for
// each depth of its tree, and histograms of how long steps took.
package plannertrace

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Search traces one search. It is safe for concurrent use.
type Search struct {
	in    *telemetry.Instruments
	id    string
	span  trace.Span
	start time.Time

	mu       sync.Mutex
	strategy string
	models   models
	baggage  baggage.Baggage // of the search's client, with the strategy
	depths   map[int]*depth
	calls    int
	elided   int // calls without spans
	ended    bool
}

// models holds the names of the models of a search, as their engines report them.
type models struct{ policy, verifier string }

// A depth is the work on the nodes of one depth. Nodes may be added until the search ends, so that
// End ends the depth's span, with the time of the depth's last activity. A depth is guarded by
// Search.mu.
type depth struct {
	number      int
	span        trace.Span
	start, last time.Time
	width       int
	calls       int
}

// Start begins the span of a search. The strategy may not be known yet: see SetPlan.
// End must be called. A nil in measures nothing.
func Start(ctx context.Context, in *telemetry.Instruments, id, strategy string) (context.Context, *Search) {
	in = in.OrDiscard()
	ctx, span := in.Tracer.Start(ctx, names.SpanName(names.GenAIWorkflow, strategy), trace.WithAttributes(
		attribute.String(names.Operation, names.SpanSearch),
		attribute.String(names.SearchID, id), attribute.String(names.GenAIOperation, names.GenAIWorkflow)))
	in.SearchesActive.Add(ctx, 1)
	t := &Search{
		in: in, id: id, span: span, start: time.Now(), strategy: strategy, depths: map[int]*depth{},
		baggage: telemetry.StrategyBaggage(baggage.FromContext(ctx), strategy),
	}
	in.Progress.Begin(t)
	return baggage.ContextWithBaggage(ctx, t.baggage), t
}

// SetModels sets the names of the policy's model and of the reward model, "" if there is none.
func (t *Search) SetModels(policy, rewardModel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.models = models{policy, rewardModel}
}

// A Plan has the attributes of a plan in the trace of its search.
type Plan struct{ Strategy, Source, Profile, Bin, Reason string }

// SetPlan records a plan. Plans may change while difficulty is estimated: each is an
// event of the search's span, and the last one is its attributes.
func (t *Search) SetPlan(p Plan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strategy = p.Strategy
	t.baggage = telemetry.StrategyBaggage(t.baggage, p.Strategy)
	t.in.Progress.Made(t)
	attributes := []attribute.KeyValue{
		attribute.String(names.Strategy, p.Strategy),
		attribute.String(names.PlanSource, p.Source),
		attribute.String(names.PlanProfile, p.Profile),
		attribute.String(names.PlanBin, p.Bin),
		attribute.String(names.PlanReason, p.Reason),
	}
	t.span.AddEvent(names.EventPlan, trace.WithAttributes(attributes...))
	t.span.SetAttributes(attributes...)
}

// Retried counts a call that is repeated after it failed with err.
func (t *Search) Retried(c backend.Call, err error) {
	t.in.CountRetry(trace.ContextWithSpan(context.Background(), t.span), services[c], err)
}

// Looked counts results that were looked up in the memo.
func (t *Search) Looked(c backend.Call, n, recorded int) {
	t.in.CountMemo(trace.ContextWithSpan(context.Background(), t.span), results[c], n, recorded)
}

// Labels of calls: the service that is called, and what it returns.
var (
	services = map[backend.Call]string{backend.CallExpand: "policy", backend.CallScore: "verifier"}
	results  = map[backend.Call]string{backend.CallExpand: "child", backend.CallScore: "score"}
)

// An End is how a search ended.
type End struct {
	State    string // name of its last state, such as "succeeded"; or StateLeft
	Tenant   string
	Degraded bool
	Bill     reasoning.Bill
	Err      error // why the search has no answer or only a partial one
}

// StateLeft is the state in the span of a search that goes on in another planner, or after a restart. That one counts it.
const StateLeft = "left"

// End ends the spans of the search and its depths. A spent budget is no failure of the span. Later calls have no effect.
func (t *Search) End(e End) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	t.in.Progress.End(t)
	ctx := trace.ContextWithSpan(context.Background(), t.span)
	t.endDepths(ctx)
	t.span.SetName(names.SpanName(names.GenAIWorkflow, t.strategy))
	t.span.SetAttributes(
		attribute.String(names.Strategy, t.strategy),
		attribute.String(names.GenAIAgent, t.strategy),
		attribute.String(names.State, e.State),
		attribute.Int(names.Calls, t.calls),
		attribute.Int(names.CallsElided, t.elided))
	t.span.SetAttributes(telemetry.Usage(e.Bill.Total())...)
	switch {
	case e.Err == nil:
		t.span.SetStatus(codes.Ok, "")
	case !errors.Is(e.Err, search.ErrSpent):
		t.in.Fail(t.span, e.Err)
	}
	t.span.End()
	if e.State == StateLeft {
		t.in.SearchesActive.Add(ctx, -1)
		return
	}
	strategy, label := attribute.String(names.LabelStrategy, t.strategy), attribute.String(names.LabelState, e.State)
	t.in.Search.Record(ctx, time.Since(t.start), strategy, label)
	t.in.SearchesEnded.Add(ctx, 1, metric.WithAttributes(strategy, label, attribute.Bool(names.LabelDegraded, e.Degraded)))
	t.in.SearchesActive.Add(ctx, -1)
	t.in.CountWaste(ctx, t.strategy, e.Bill)
	t.in.SpendTenant(ctx, e.Tenant, e.Bill.Total())
}

// endDepths ends the spans of all depths. The caller holds t.mu.
func (t *Search) endDepths(ctx context.Context) {
	strategy := attribute.String(names.LabelStrategy, t.strategy)
	for _, number := range slices.Sorted(maps.Keys(t.depths)) {
		d := t.depths[number]
		d.span.SetAttributes(attribute.Int(names.Width, d.width), attribute.Int(names.Calls, d.calls))
		d.span.End(trace.WithTimestamp(d.last))
		ctx := trace.ContextWithSpan(ctx, d.span)
		t.in.Depth.Record(ctx, d.last.Sub(d.start), telemetry.DepthLabel(d.number), strategy)
		if d.width > 0 {
			t.in.Width.Record(ctx, int64(d.width), metric.WithAttributes(telemetry.DepthLabel(d.number), strategy))
		}
	}
}
