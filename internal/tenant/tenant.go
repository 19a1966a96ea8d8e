// Package tenant decides which tenant a request belongs to. It knows no transport:
// what authenticates a caller reads ctx.
package tenant

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Default is the tenant of requests that name none, where nothing authenticates them.
const Default = "default"

// A Tenancy authenticates the caller by ctx and returns the tenant of its request,
// which asks for one, perhaps for "". An error refuses the request.
type Tenancy func(ctx context.Context, asked string) (string, error)

// Open believes every request. It is for loopback.
func Open(_ context.Context, asked string) (string, error) {
	if asked == "" {
		return Default, nil
	}
	return asked, nil
}

// Fill sets the tenant of a request, or of the message that it wraps, to what t
// returns. It does nothing to a request that has no tenant.
func (t Tenancy) Fill(ctx context.Context, request proto.Message) error {
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

// holder returns m if it has a tenant, else the first of its messages that has one,
// else nil.
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
