package rpcerr

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A Tenancy says who pays for a request: it authenticates the caller by ctx and
// returns the tenant, given the one that the request asks for, perhaps "".
type Tenancy func(ctx context.Context, asked string) (string, error)

// Open believes every request; who says nothing is "default". It is for loopback.
func Open(_ context.Context, asked string) (string, error) {
	if asked == "" {
		return "default", nil
	}
	return asked, nil
}

// Interceptors are the server options that every service has: errors leave by the
// table, panics are INTERNAL and logged with their stack, and each request's tenant
// is what tenancy says; nil is Open.
func Interceptors(tenancy Tenancy) []grpc.ServerOption {
	if tenancy == nil {
		tenancy = Open
	}
	unary := func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
		defer func() { err = ToStatus(recovered(recover(), info.FullMethod, err)) }()
		if err := fillTenant(ctx, request, tenancy); err != nil {
			return nil, err
		}
		return handle(ctx, request)
	}
	stream := func(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
		defer func() { err = ToStatus(recovered(recover(), info.FullMethod, err)) }()
		return handle(server, &tenantStream{s, tenancy})
	}
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(unary), grpc.ChainStreamInterceptor(stream)}
}

// Recover calls f, and makes an error of its panic: for goroutines that handlers
// start, whose panic no interceptor sees.
func Recover(method string, f func() error) (err error) {
	defer func() { err = recovered(recover(), method, err) }()
	return f()
}

func recovered(panicked any, method string, err error) error {
	if panicked == nil {
		return err
	}
	slog.Error("panic in a handler", "method", method, "panic", panicked, "stack", string(debug.Stack()))
	return fmt.Errorf("panic in %s: %v", method, panicked)
}

type tenantStream struct {
	grpc.ServerStream
	tenancy Tenancy
}

func (s *tenantStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return fillTenant(s.Context(), m, s.tenancy)
}

// fillTenant sets the field named tenant of a request, or of the message that the
// request wraps.
func fillTenant(ctx context.Context, request any, tenancy Tenancy) error {
	p, ok := request.(proto.Message)
	if !ok {
		return nil
	}
	m := holder(p.ProtoReflect())
	if m == nil {
		return nil
	}
	field := m.Descriptor().Fields().ByName("tenant")
	tenant, err := tenancy(ctx, m.Get(field).String())
	if err == nil {
		m.Set(field, protoreflect.ValueOfString(tenant))
	}
	return err
}

// holder is m if it has a tenant, else the one of its messages that has; nil if
// none.
func holder(m protoreflect.Message) (found protoreflect.Message) {
	if m.Descriptor().Fields().ByName("tenant") != nil {
		return m
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Message() != nil && !f.IsList() && !f.IsMap() && f.Message().Fields().ByName("tenant") != nil {
			found = v.Message()
		}
		return found == nil
	})
	return found
}
