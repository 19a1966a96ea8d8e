package telemetry

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A SearchTrace follows one search: a span for it and one for each depth of its
// tree. It is safe for concurrent use.
type SearchTrace struct {
	in    *Instruments
	id    string
	span  trace.Span
	start time.Time

	mu       sync.Mutex
	strategy string
	depths   map[int]*depthTrace
	calls    int
	elided   int
	ended    bool
}

// A depthTrace is the work on the nodes of one depth. Nobody knows that a depth is
// done before the search is, so its span is ended then, as of the last activity.
type depthTrace struct {
	depth       int
	span        trace.Span
	start, last time.Time
	width       int
	calls       int
}

// callSpans is how many spans one expansion or scoring makes in the mesh: sent,
// processed, generated; or called, served, scored.
const callSpans = 3

// StartSearch begins the search's span. The strategy may not be known yet: see
// SetPlan. End must be called.
func (in *Instruments) StartSearch(ctx context.Context, id, strategy string) (context.Context, *SearchTrace) {
	in = in.orDiscard()
	ctx, span := in.tracer.Start(ctx, SpanSearch, trace.WithAttributes(SearchID.String(id), GenAIOperation.String(operationWorkflow)))
	in.active.Add(ctx, 1)
	return ctx, &SearchTrace{in: in, id: id, span: span, start: time.Now(), strategy: strategy, depths: map[int]*depthTrace{}}
}

// A Plan is what a trace tells of a search's plan.
type Plan struct{ Strategy, Source, Profile, Bin, Reason string }

// SetPlan says how the search goes about it. It may change while difficulty is
// estimated: each plan is an event of the search's span, the last one its attributes.
func (t *SearchTrace) SetPlan(p Plan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strategy = p.Strategy
	told := []attribute.KeyValue{Strategy.String(p.Strategy), PlanSource.String(p.Source), PlanProfile.String(p.Profile), PlanBin.String(p.Bin), PlanReason.String(p.Reason)}
	t.span.AddEvent(EventPlan, trace.WithAttributes(told...))
	t.span.SetAttributes(told...)
}

// End ends the spans of the search and its depths. State is how the search ended,
// one of few words such as "succeeded"; err is why it has no or only a partial answer.
func (t *SearchTrace) End(state string, bill reasoning.Bill, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	ctx := trace.ContextWithSpan(context.Background(), t.span)
	strategy := labelStrategy.String(t.strategy)
	for _, depth := range slices.Sorted(maps.Keys(t.depths)) {
		d := t.depths[depth]
		d.span.SetAttributes(Width.Int(d.width), Calls.Int(d.calls))
		d.span.End(trace.WithTimestamp(d.last))
		ctx := trace.ContextWithSpan(ctx, d.span)
		seconds(ctx, t.in.depth, d.last.Sub(d.start), depthLabel(d.depth), strategy)
		if d.width > 0 {
			t.in.width.Record(ctx, int64(d.width), metric.WithAttributes(depthLabel(d.depth), strategy))
		}
	}
	t.span.SetAttributes(Strategy.String(t.strategy), GenAIWorkflow.String(t.strategy), State.String(state), Calls.Int(t.calls), CallsElided.Int(t.elided))
	t.span.SetAttributes(usage(bill.Total())...)
	t.in.fail(t.span, err)
	if err == nil {
		t.span.SetStatus(codes.Ok, "")
	}
	t.span.End()
	seconds(ctx, t.in.search, time.Since(t.start), strategy, labelState.String(state))
	t.in.ended.Add(ctx, 1, metric.WithAttributes(strategy, labelState.String(state)))
	t.in.active.Add(ctx, -1)
}

// Backend is w with every call traced below its depth, and measured. Put it where
// calls are paid for: what a memo answers above it is no step.
//
// Once the search's span budget is spent, calls are still measured but make no more
// spans, here and downstream, and the search's span counts them as elided.
func (t *SearchTrace) Backend(w search.Backend) search.Backend { return &tracedBackend{t: t, w: w} }

type tracedBackend struct {
	t *SearchTrace
	w search.Backend
}

func (w *tracedBackend) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		c := w.t.begin(ctx, r.Depth()+1, len(r.Ordinals))
		defer c.touch()
		attempt, missing, left := 0, len(r.Ordinals), false
		var failure error
		for child, err := range w.w.Expand(c.ctx, r) {
			c.touch()
			if err != nil {
				failure = err
			} else {
				missing--
				c.step(nil)
				if child.Attempt > attempt { // siblings of one job waited together
					attempt = child.Attempt
					seconds(c.measured, w.t.in.wait, child.QueueWait, c.labels()...)
				}
			}
			w.t.in.spend(c.measured, "policy", child.Usage)
			if left = !yield(child, err); left {
				break
			}
		}
		switch {
		case failure != nil:
		case left:
			failure = context.Canceled
		default:
			failure = errShort
		}
		for range max(missing, 0) {
			c.step(failure)
		}
	}
}

// errShort is a sequence that ended before all children came.
var errShort = errors.New("children are missing")

func (w *tracedBackend) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	c := w.t.begin(ctx, policy.Depth(r.Node), 0)
	defer c.touch()
	result, err := w.w.Score(c.ctx, r)
	if err == nil {
		w.t.in.spend(c.measured, "verifier", result.Usage)
	}
	return result, err
}

// A call is one expansion or scoring under way.
type call struct {
	t     *SearchTrace
	depth *depthTrace
	start time.Time
	// ctx is what the call is made with; measured is below the depth's span in any
	// case, so that measurements of elided calls still lead to the search.
	ctx, measured context.Context
}

func (t *SearchTrace) begin(ctx context.Context, depth, width int) *call {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.depths[depth]
	if d == nil {
		_, span := t.in.tracer.Start(trace.ContextWithSpan(ctx, t.span), SpanDepthPrefix+strconv.Itoa(depth),
			trace.WithTimestamp(now), trace.WithAttributes(SearchID.String(t.id), Depth.Int(depth)))
		d = &depthTrace{depth: depth, span: span, start: now, last: now}
		t.depths[depth] = d
	}
	d.width += width
	d.calls++
	t.calls++
	c := &call{t: t, depth: d, start: now, measured: trace.ContextWithSpan(ctx, d.span)}
	c.ctx = c.measured
	if budget := cmp.Or(t.in.SpanBudget, DefaultSpanBudget); t.calls*callSpans > budget {
		t.elided++
		parent := d.span.SpanContext()
		c.ctx = trace.ContextWithSpanContext(ctx, parent.WithTraceFlags(parent.TraceFlags().WithSampled(false)))
	}
	return c
}

// touch says that the depth is still busy.
func (c *call) touch() {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.depth.last = time.Now()
}

// step measures one child: how long after the call it came, or that it did not.
func (c *call) step(err error) {
	seconds(c.measured, c.t.in.step, time.Since(c.start), append(c.labels(), labelOutcome.String(outcomeOf(err)))...)
}

func (c *call) labels() []attribute.KeyValue {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	return []attribute.KeyValue{depthLabel(c.depth.depth), labelStrategy.String(c.t.strategy)}
}
