package planner

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A searchLog writes one record when a search is accepted and one when it ends. Records have no text of the problem,
// and of an error only its reason, since the text of an error may quote the problem.
type searchLog struct{ *slog.Logger }

// newSearchLog returns the log of a search whose span is in ctx.
func newSearchLog(ctx context.Context, log *slog.Logger, l *live) searchLog {
	log = log.With("search", l.id, "tenant", l.request.Tenant)
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		log = log.With("trace_id", id.String())
	}
	return searchLog{log}
}

// accepted writes the record of a search that was accepted, or resumed.
func (s searchLog) accepted(ctx context.Context, r Request, resumed bool) {
	message := "search accepted"
	if resumed {
		message = "search resumed"
	}
	s.InfoContext(ctx, message, "strategy", strategyName(r.Strategy), "deadline", r.Deadline.UTC())
}

// left writes the record of a search that this planner does not run to its end.
func (s searchLog) left(ctx context.Context, cause error) {
	s.InfoContext(ctx, "search left in the journal", "reason", reasoning.Classify(cause).Reason())
}

// ended writes the record of a search that ended. strategy is the name of the strategy that the search ran.
func (s searchLog) ended(ctx context.Context, strategy string, final State, o Outcome, bill reasoning.Bill) {
	total := bill.Total()
	attributes := []any{
		"strategy", strategy, "state", final.String(), "stop", o.Stop.String(), "degraded", len(o.Degraded),
		"seconds", o.Elapsed.Round(time.Millisecond).Seconds(),
		slog.Group("bill", "generated", total.Generated, "prompt", total.Prompt, "cached", total.Cached,
			"verifier", total.Verifier, "flops", total.FLOPs),
	}
	if waste := wasteGroup(bill); len(waste) > 0 {
		attributes = append(attributes, slog.Group("waste", waste...))
	}
	if bill.Saturated() {
		attributes = append(attributes, "saturated", true)
	}
	if e := reasoning.Classify(o.Err); e != nil {
		attributes = append(attributes, "reason", e.Reason())
	}
	s.InfoContext(ctx, "search ended", attributes...)
}

// wasteGroup returns the tokens that a bill names as wasted, generated ones and those of a verifier together, by cause,
// and the upper bound of what is unknown. It leaves out what is zero.
func wasteGroup(b reasoning.Bill) (group []any) {
	for cause, u := range b.Waste.Causes() {
		if u.Generated+u.Verifier > 0 {
			group = append(group, cause, u.Generated+u.Verifier)
		}
	}
	if b.Unknown.Generated+b.Unknown.Verifier > 0 {
		group = append(group, "unknown", b.Unknown.Generated+b.Unknown.Verifier)
	}
	return group
}
