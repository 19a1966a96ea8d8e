package wire

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// propagator writes and reads what goes with a request: trace context and baggage.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// TraceContext returns the W3C trace context and baggage of ctx, "" if there is none. Messages that share a stream carry
// them in fields, since they share the metadata of the stream.
func TraceContext(ctx context.Context) (traceparent, baggage string) {
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	return carrier["traceparent"], carrier["baggage"]
}

// WithTraceContext returns ctx with this trace context and baggage, each unless it is "" or malformed. It is the inverse
// of TraceContext.
func WithTraceContext(ctx context.Context, traceparent, baggage string) context.Context {
	if traceparent == "" && baggage == "" {
		return ctx
	}
	return propagator.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent, "baggage": baggage})
}
