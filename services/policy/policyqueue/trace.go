package policyqueue

import (
	"context"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/services/policy"
)

const scope = "github.com/ponder-mesh/ponder/services/policy/policyqueue"

// W3C's, whatever the process has set: both ends are here.
var propagator = propagation.TraceContext{}

// startSend starts the producer's span of a job and puts it into its message.
func startSend(ctx context.Context, r policy.Request, msg *nats.Msg) (context.Context, trace.Span) {
	ctx, span := otel.Tracer(scope).Start(ctx, "send",
		trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(append(attributes(r),
			attribute.String("messaging.operation.type", "send"),
			attribute.String("messaging.message.id", msg.Header.Get(jetstream.MsgIDHeader)))...))
	propagator.Inject(ctx, natsx.Header(msg.Header))
	return ctx, span
}

// startProcess starts the consumer's span of an attempt at a job. It is a child of
// the producer's: a job is handled on its own, and a search is one trace.
func startProcess(ctx context.Context, r policy.Request, msg *nats.Msg, start policy.Start) (context.Context, trace.Span) {
	ctx = propagator.Extract(ctx, natsx.Header(msg.Header))
	return otel.Tracer(scope).Start(ctx, "process",
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(append(attributes(r),
			attribute.String("messaging.operation.type", "process"),
			attribute.String("messaging.message.id", msg.Header.Get(jetstream.MsgIDHeader)),
			attribute.String("ponder.worker", start.Worker),
			attribute.Int("ponder.job.attempt", start.Attempt),
			attribute.Float64("ponder.queue.wait", start.QueueWait.Seconds()))...))
}

func attributes(r policy.Request) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.destination.name", streamName),
		attribute.String("ponder.search.id", r.Search),
		attribute.String("ponder.node.id", r.Node),
		attribute.Int("ponder.depth", r.Depth()+1), // of the nodes that are made
		attribute.Int("ponder.width", len(r.Ordinals)),
	}
}

// linkPrevious links an attempt to the one before it, by its traceparent.
func linkPrevious(span trace.Span, traceparent string) {
	previous := trace.SpanContextFromContext(propagator.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent}))
	if previous.IsValid() {
		span.AddLink(trace.Link{SpanContext: previous, Attributes: []attribute.KeyValue{attribute.String("ponder.link", "previous attempt")}})
	}
}

func endSpan(span trace.Span, err error) {
	if err != nil { // its class, as its text may quote the problem
		span.SetStatus(codes.Error, rpcerr.ToProto(err).GetReason())
	}
	span.End()
}
