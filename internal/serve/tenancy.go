package serve

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// DefaultTenant is the tenant of requests that name none if callers are not authenticated.
const DefaultTenant = "default"

// A Tenancy authenticates the caller by ctx and returns the tenant of its request, which
// names a tenant or "". If it returns an error, the request is refused.
type Tenancy func(ctx context.Context, named string) (string, error)

// OpenTenancy is a Tenancy that accepts every tenant that a request names. It is for loopback.
func OpenTenancy(_ context.Context, named string) (string, error) {
	if named == "" {
		return DefaultTenant, nil
	}
	return named, nil
}

// fill sets the tenant of a request, or of the message that it wraps, to what t
// returns. It does nothing to a request that has no tenant.
func (t Tenancy) fill(ctx context.Context, request proto.Message) error {
	m := holder(request.ProtoReflect())
	if m == nil {
		return nil
	}
	field := m.Descriptor().Fields().ByName("tenant")
	name, err := t(ctx, m.Get(field).String())
	if err == nil {
		m.Set(field, protoreflect.ValueOfString(name))
	}
	return err
}

// holder returns m if it has a field tenant, otherwise the first message in m that has one, or
// nil.
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
