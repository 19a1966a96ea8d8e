package wire

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// Traceparent returns the W3C trace context of ctx, "" if there is none. Messages that
// share a stream carry it in a field, since they share the metadata of the stream.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// WithTraceparent returns ctx with the trace context parent. It is the inverse of
// Traceparent.
func WithTraceparent(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}
