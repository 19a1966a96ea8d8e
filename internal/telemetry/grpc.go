package telemetry

import (
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
)

// ServerOption traces and measures the calls of a gRPC server, except health checks
// and reflection. A stream that many searches share is one span; each of its requests
// carries its own trace context.
func (p *Providers) ServerOption() grpc.ServerOption {
	return grpc.StatsHandler(otelgrpc.NewServerHandler(p.grpcOptions()...))
}

// DialOption traces and measures the calls of a gRPC client, as ServerOption does for a
// server.
func (p *Providers) DialOption() grpc.DialOption {
	return grpc.WithStatsHandler(otelgrpc.NewClientHandler(p.grpcOptions()...))
}

func (p *Providers) grpcOptions() []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(p.Tracers), otelgrpc.WithMeterProvider(p.Meters), otelgrpc.WithPropagators(p.Propagator),
		otelgrpc.WithFilter(filters.Not(filters.ServicePrefix("grpc."))),
	}
}
