package mux

import (
	"context"

	"google.golang.org/grpc"
)

type drainKey struct{}

// Drain returns an interceptor for streams that a Server handles: once stopping is closed,
// each stream ends as soon as its requests in flight have ended. Without Drain a graceful
// stop would wait for clients that keep their streams open.
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

// A drainStream is a stream whose context carries a channel for draining.
type drainStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *drainStream) Context() context.Context { return s.ctx }
