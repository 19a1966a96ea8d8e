package rpcerr_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// A failing policy service returns its error from every call.
type failing struct {
	policyv1.UnimplementedPolicyServiceServer
	err error
}

func (f *failing) GetModel(context.Context, *policyv1.GetModelRequest) (*policyv1.GetModelResponse, error) {
	return nil, rpcerr.ToStatus(f.err)
}

// A peer that accepts 8 KiB of headers receives every status, however long the texts of the
// error and however they are escaped.
func TestStatusFitsTheHeadersOfPeers(t *testing.T) {
	f := &failing{}
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	policyv1.RegisterPolicyServiceServer(server, f)
	go server.Serve(listener)
	defer server.Stop()
	conn, err := grpc.NewClient("passthrough:///test", grpc.WithMaxHeaderListSize(8<<10),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, c := range []struct {
		name string
		err  error
		code codes.Code
		keep string // beginning that survives
	}{
		{"ASCII", errors.New(strings.Repeat("x", 5000)), codes.Internal, strings.Repeat("x", 2000)},
		{"not ASCII", errors.New(strings.Repeat("ä", 5000)), codes.Internal, strings.Repeat("ä", 500)},
		{"percent signs", errors.New(strings.Repeat("%", 5000)), codes.Internal, strings.Repeat("%", 500)},
		{"rule", reasoning.Invalid("span", "%s", strings.Repeat("x", 5000)), codes.InvalidArgument,
			"span: " + strings.Repeat("x", 900)},
		{"all", reasoning.Invalid(strings.Repeat("ä", 5000), "%s", strings.Repeat("€", 5000)), codes.InvalidArgument,
			"äää"},
	} {
		f.err = c.err
		_, err := policyv1.NewPolicyServiceClient(conn).GetModel(t.Context(), &policyv1.GetModelRequest{})
		if s := status.Convert(err); s.Code() != c.code || !strings.HasPrefix(s.Message(), c.keep) {
			t.Errorf("%s: got %v and %d bytes of message, want %v", c.name, s.Code(), len(s.Message()), c.code)
		}
	}
}
