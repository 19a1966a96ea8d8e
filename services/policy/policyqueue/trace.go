package policyqueue

import (
	"context"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// The headers of jobs and results are in W3C's format, whichever propagator the process
// has set: both ends are in this package.
var propagator = propagation.TraceContext{}

// traceParent returns the traceparent in a message's header, or "".
func traceParent(h nats.Header) string { return natsx.Header(h).Get("traceparent") }

// A tracer makes the spans of jobs.
type tracer struct{ trace.Tracer }

func newTracer(cfg Config) tracer {
	if cfg.Tracers == nil {
		cfg.Tracers = noop.NewTracerProvider()
	}
	return tracer{cfg.Tracers.Tracer(names.Scope)}
}

// startSend starts the producer's span of a job and puts it into the job's message.
func (t tracer) startSend(ctx context.Context, r policy.Request, msg *nats.Msg) (context.Context, trace.Span) {
	ctx, span := t.Start(ctx, names.SpanSend,
		trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(append(attributes(r),
			attribute.String(names.MessagingOperation, names.SpanSend),
			attribute.String(names.MessagingMessageID, msg.Header.Get(jetstream.MsgIDHeader)))...))
	propagator.Inject(ctx, natsx.Header(msg.Header))
	return ctx, span
}

// startProcess starts the consumer's span of an attempt at a job. Its parent is the
// producer's span: a job is handled on its own, and a search is one trace.
func (t tracer) startProcess(
	ctx context.Context, r policy.Request, msg *nats.Msg, start policy.Start,
) (context.Context, trace.Span) {
	ctx = propagator.Extract(ctx, natsx.Header(msg.Header))
	return t.Start(ctx, names.SpanProcess,
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(append(attributes(r),
			attribute.String(names.MessagingOperation, names.SpanProcess),
			attribute.String(names.MessagingMessageID, msg.Header.Get(jetstream.MsgIDHeader)),
			attribute.String(names.Worker, start.Worker),
			attribute.Int(names.Attempt, start.Attempt),
			attribute.Float64(names.QueueWait, start.QueueWait.Seconds()))...))
}

func attributes(r policy.Request) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String(names.MessagingSystem, "nats"),
		attribute.String(names.MessagingDestination, protocol.Stream),
		attribute.String(names.SearchID, r.Search),
		attribute.String(names.NodeID, r.Node),
		attribute.Int(names.Depth, r.Depth()+1), // of the children
		attribute.Int(names.Width, len(r.Ordinals)),
	}
}

// linkPrevious links an attempt to the one before it, by its traceparent.
func linkPrevious(span trace.Span, traceparent string) {
	carrier := propagation.MapCarrier{"traceparent": traceparent}
	previous := trace.SpanContextFromContext(propagator.Extract(context.Background(), carrier))
	if previous.IsValid() {
		span.AddLink(trace.Link{
			SpanContext: previous, Attributes: []attribute.KeyValue{attribute.String(names.LinkKind, "previous attempt")},
		})
	}
}

// endSpan ends a span. Of an error it records the reason only, as the text may quote
// the problem.
func endSpan(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, rpcerr.ToProto(err).GetReason())
	}
	span.End()
}
