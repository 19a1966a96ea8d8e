package wire

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// Traceparent is the W3C trace context of ctx, "" if it has none. It travels in
// messages that share a stream, where metadata cannot tell them apart.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// WithTraceparent is ctx inside that trace: the inverse of Traceparent.
func WithTraceparent(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}
