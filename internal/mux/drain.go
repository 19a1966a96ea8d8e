package mux

import (
	"context"

	"google.golang.org/grpc"
)

type drainKey struct{}

// Drain returns an interceptor that makes a Server end each stream after its requests
// in flight, once stopping is closed. Without it a graceful stop would wait for clients
// that keep their stream.
func Drain(stopping <-chan struct{}) grpc.StreamServerInterceptor {
	return func(server any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return handle(server, &drainStream{s, context.WithValue(s.Context(), drainKey{}, stopping)})
	}
}

// draining returns the channel that Drain stored in ctx, or nil.
func draining(ctx context.Context) <-chan struct{} {
	stopping, _ := ctx.Value(drainKey{}).(<-chan struct{})
	return stopping
}

type drainStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *drainStream) Context() context.Context { return s.ctx }
