package plannertrace

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// callSpans is the number of spans that one expansion or scoring makes in all services: sent,
// processed and generated; or called, served and scored.
const callSpans = 3

// A call is one expansion or scoring that is in progress.
type call struct {
	search *Search
	depth  *depth
	task   telemetry.Task
	start  time.Time
	// ctx is the context that the call is made with. measured always has the depth's span, so
	// that measurements of elided calls, too, link to the search's trace.
	ctx, measured context.Context
}

// beginExpand starts a call that generates width nodes of a depth.
func (t *Search) beginExpand(ctx context.Context, number, width int) *call {
	return t.begin(ctx, number, width, func(m models) string { return m.policy })
}

// beginScore starts a call that scores a node of a depth.
func (t *Search) beginScore(ctx context.Context, number int) *call {
	return t.begin(ctx, number, 0, func(m models) string { return m.verifier })
}

func (t *Search) begin(ctx context.Context, number, width int, model func(models) string) *call {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.depths[number]
	if d == nil {
		_, span := t.in.Tracer.Start(trace.ContextWithSpan(ctx, t.span), names.SpanName(names.SpanDepth, strconv.Itoa(number)),
			trace.WithTimestamp(now), trace.WithAttributes(attribute.String(names.Operation, names.SpanDepth),
				attribute.String(names.SearchID, t.id), attribute.Int(names.Depth, number)))
		d = &depth{number: number, span: span, start: now, last: now}
		t.depths[number] = d
	}
	d.width += width
	d.calls++
	t.calls++
	ctx = baggage.ContextWithBaggage(ctx, t.baggage)
	c := &call{
		search: t, depth: d, start: now, measured: trace.ContextWithSpan(ctx, d.span),
		task: telemetry.Task{Depth: number, Strategy: t.strategy, Model: cmp.Or(model(t.models), "unknown")},
	}
	c.ctx = c.measured
	if budget := cmp.Or(t.in.SpanBudget, telemetry.DefaultSpanBudget); t.calls*callSpans > budget {
		t.elided++
		parent := d.span.SpanContext()
		c.ctx = trace.ContextWithSpanContext(ctx, parent.WithTraceFlags(parent.TraceFlags().WithSampled(false)))
	}
	return c
}

func (c *call) in() *telemetry.Instruments { return c.search.in }

// touch sets the time of the search's last progress and of the depth's last activity.
func (c *call) touch() {
	c.in().Progress.Made(c.search)
	c.search.mu.Lock()
	defer c.search.mu.Unlock()
	c.depth.last = time.Now()
}
