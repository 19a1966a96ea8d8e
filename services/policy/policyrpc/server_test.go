package policyrpc

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A rawCodec sends and receives bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string                    { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (rawCodec) Unmarshal(b []byte, v any) error { *v.(*[]byte) = b; return nil }

// "A message that cannot be decoded […] ends the stream" (policy.proto).
func TestMessageThatCannotBeDecodedEndsTheStream(t *testing.T) {
	_, s := serve(t, policytest.Steps(1, 0))
	both := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := s.Conn.NewStream(t.Context(), both, "/ponder.policy.v1.PolicyService/Expand", grpc.ForceCodec(rawCodec{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg([]byte("\x0a\x01\xff")); err != nil { // the request_id "\xff"
		t.Fatal(err)
	}
	var response []byte
	if err := stream.RecvMsg(&response); status.Code(err) != codes.Internal {
		t.Errorf("got response %q and %v, want INTERNAL", response, err)
	}
}
