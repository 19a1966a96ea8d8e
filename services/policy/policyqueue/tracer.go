package policyqueue

import (
	"context"
	"strconv"

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

// propagator writes and reads the trace context of jobs and results in the W3C's format, and jobPropagator also the
// baggage of jobs, whichever propagator the process uses elsewhere: both ends are in this package.
var (
	propagator    = propagation.TraceContext{}
	jobPropagator = propagation.NewCompositeTextMapPropagator(propagator, propagation.Baggage{})
)

// traceParent returns the traceparent in the header of a message, or "" if there is none.
func traceParent(h nats.Header) string { return natsx.Header(h).Get("traceparent") }

// A tracer starts the spans of jobs.
type tracer struct{ trace.Tracer }

func newTracer(cfg Config) tracer {
	if cfg.Tracers == nil {
		cfg.Tracers = noop.NewTracerProvider()
	}
	return tracer{cfg.Tracers.Tracer(names.Scope, trace.WithSchemaURL(names.SchemaURL))}
}

// startSend starts the producer's span of a job, and injects its context into the job's
// message.
func (t tracer) startSend(ctx context.Context, r policy.Request, msg *nats.Msg) (context.Context, trace.Span) {
	ctx, span := t.Start(ctx, names.SpanName(names.SpanSend, protocol.Stream),
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attributes(names.SpanSend, r, msg)...))
	jobPropagator.Inject(ctx, natsx.Header(msg.Header))
	return ctx, span
}

// startProcess starts the consumer's span of an attempt at a job. Its parent is the
// producer's span, so that a search is one trace.
func (t tracer) startProcess(ctx context.Context, a *attempt) (context.Context, trace.Span) {
	ctx = jobPropagator.Extract(ctx, natsx.Header(a.msg.Header))
	return t.Start(ctx, names.SpanName(names.SpanProcess, protocol.Stream),
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(append(attributes(names.SpanProcess, a.job.Request, a.msg),
			attribute.String(names.MessagingPartition, strconv.Itoa(a.partition)),
			attribute.String(names.MessagingConsumer, protocol.Consumer(a.worker.cfg.Model.Name, a.partition)),
			attribute.String(names.Worker, a.start.Worker),
			attribute.Int(names.Attempt, a.start.Attempt),
			attribute.Float64(names.QueueWait, a.start.QueueWait.Seconds()))...))
}

func attributes(operation string, r policy.Request, msg *nats.Msg) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String(names.Operation, operation),
		attribute.String(names.MessagingSystem, "nats"),
		attribute.String(names.MessagingDestination, protocol.Stream),
		attribute.String(names.MessagingOperation, operation),
		attribute.String(names.MessagingType, operation),
		attribute.String(names.MessagingMessageID, msg.Header.Get(jetstream.MsgIDHeader)),
		attribute.String(names.SearchID, r.Search),
		attribute.String(names.NodeID, r.Node),
		attribute.Int(names.Depth, r.Depth()+1), // of the children
		attribute.Int(names.Width, len(r.Ordinals)),
	}
}

// linkPrevious links the span of an attempt to that of the previous one.
func linkPrevious(span trace.Span, traceparent string) {
	carrier := propagation.MapCarrier{"traceparent": traceparent}
	previous := trace.SpanContextFromContext(propagator.Extract(context.Background(), carrier))
	if previous.IsValid() {
		span.AddLink(trace.Link{
			SpanContext: previous, Attributes: []attribute.KeyValue{attribute.String(names.LinkKind, "previous attempt")},
		})
	}
}

// endSpan ends a span. It records the reason of an error and not its text, which may quote
// the problem.
func endSpan(span trace.Span, err error) {
	if err != nil {
		reason := rpcerr.ToProto(err).GetReason()
		span.SetAttributes(attribute.String(names.ErrorType, reason))
		span.SetStatus(codes.Error, reason)
	}
	span.End()
}
