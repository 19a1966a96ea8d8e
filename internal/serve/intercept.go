package serve

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
)

// Interceptors returns the options that every gRPC server of Ponder has. From the outermost
// interceptor: rpcerr.ToStatus turns errors into statuses, panics become errors, and tenancy,
// OpenTenancy if it is nil, sets the tenant of each request.
func Interceptors(tenancy Tenancy) []grpc.ServerOption {
	if tenancy == nil {
		tenancy = OpenTenancy
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(statusOfUnary, recoverUnary, tenantOfUnary(tenancy)),
		grpc.ChainStreamInterceptor(statusOfStream, recoverStream, tenantOfStream(tenancy)),
	}
}

func statusOfUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	response, err := handle(ctx, request)
	return response, rpcerr.ToStatus(err)
}

func statusOfStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return rpcerr.ToStatus(handle(server, stream))
}

func recoverUnary(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (response any, err error) {
	err = rpcerr.Recover(info.FullMethod, func() error {
		response, err = handle(ctx, request)
		return err
	})
	return response, err
}

func recoverStream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return rpcerr.Recover(info.FullMethod, func() error { return handle(server, stream) })
}

func tenantOfUnary(tenancy Tenancy) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if err := fill(ctx, request, tenancy); err != nil {
			return nil, err
		}
		return handle(ctx, request)
	}
}

func tenantOfStream(tenancy Tenancy) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return handle(server, &tenantStream{stream, tenancy})
	}
}

// A tenantStream fills in the tenant of each message that it receives.
type tenantStream struct {
	grpc.ServerStream
	tenancy Tenancy
}

// RecvMsg implements grpc.ServerStream.
func (s *tenantStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return fill(s.Context(), m, s.tenancy)
}

// fill sets the tenant of a request.
func fill(ctx context.Context, request any, tenancy Tenancy) error {
	if m, ok := request.(proto.Message); ok {
		return tenancy.fill(ctx, m)
	}
	return nil
}
