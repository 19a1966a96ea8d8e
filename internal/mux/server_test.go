package mux_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpctest"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyrpc"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A stream that drains ends with OK only if the client has half-closed it: otherwise
// messages may still be in flight that the server does not read.
func TestStatusOfDrainedStream(t *testing.T) {
	for _, c := range []struct {
		name   string
		closed bool
		want   codes.Code
	}{{"open", false, codes.Unavailable}, {"half-closed by the client", true, codes.OK}} {
		synctest.Test(t, func(t *testing.T) {
			stopping := make(chan struct{})
			s := serveRaw(t, slow(), grpc.ChainStreamInterceptor(mux.Drain(stopping)))
			stream, send := raw(t, s)
			send("a", 5)
			if c.closed {
				stream.CloseSend()
			}
			synctest.Wait()
			close(stopping)
			synctest.Wait()
			if !c.closed {
				send("b", 1)
				if a, err := stream.Recv(); err != nil || a.GetRequestId() != "b" || a.GetError().GetReason() != "UNAVAILABLE" {
					t.Errorf("%s: a new request got %v and %v, want UNAVAILABLE", c.name, a, err)
				}
			}
			answered := map[string]bool{}
			var err error
			for err == nil {
				var a *policyv1.ExpandResponse
				if a, err = stream.Recv(); err == nil {
					answered[a.GetRequestId()] = a.GetDone() != nil
				}
			}
			if err == io.EOF {
				err = nil
			}
			if !answered["a"] || status.Code(err) != c.want {
				t.Errorf("%s: answered %v, then %v, want a done and then %v", c.name, answered, err, c.want)
			}
		})
	}
}

type rawStream = grpc.BidiStreamingClient[policyv1.ExpandRequest, policyv1.ExpandResponse]

// raw opens a stream without the rules of Client, and returns a function that sends a
// request.
func raw(t *testing.T, s *rpctest.Server) (rawStream, func(id string, ordinals ...int32)) {
	stream, err := policyv1.NewPolicyServiceClient(s.Conn).Expand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stream, func(id string, ordinals ...int32) {
		e := &policyv1.Expansion{SearchId: "s", Problem: "p", Ordinals: ordinals}
		request := &policyv1.ExpandRequest{RequestId: id, Action: &policyv1.ExpandRequest_Expansion{Expansion: e}}
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
	}
}

func serveRaw(t *testing.T, p policy.Policy, options ...grpc.ServerOption) *rpctest.Server {
	defaults := reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 9}
	return rpctest.Serve(t, func(r grpc.ServiceRegistrar) { policyrpc.Register(r, p, defaults) }, options...)
}

func TestServerRefuses(t *testing.T) {
	t.Run("ids", func(t *testing.T) {
		for _, c := range []struct{ name, id, reason string }{
			{"empty", "", "INVALID_ARGUMENT"},
			{"long", strings.Repeat("x", 129), "INVALID_ARGUMENT"},
			{"taken", "a", "REQUEST_ID_IN_USE"},
		} {
			synctest.Test(t, func(t *testing.T) {
				stream, send := raw(t, serveRaw(t, slow()))
				send("a", 1)
				send(c.id, 1)
				a, err := stream.Recv()
				if err != nil || a.GetRequestId() != c.id || a.GetError().GetReason() != c.reason {
					t.Errorf("%s id: got %v and %v, want reason %s", c.name, a, err, c.reason)
				}
				if a, err = stream.Recv(); a.GetRequestId() != "a" || a.GetChild() == nil {
					t.Errorf("%s id: then got %v and %v, want the child of the good request", c.name, a, err)
				}
			})
		}
	})
	t.Run("too many", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serveRaw(t, slow())
			stream, send := raw(t, s)
			for i := range mux.MaxInFlight {
				send(fmt.Sprint(i), 5)
			}
			send("x", 1)
			a, err := stream.Recv()
			if err != nil || a.GetRequestId() != "x" || a.GetError().GetReason() != "OVERLOADED" {
				t.Errorf("got %v and %v, want x OVERLOADED", a, err)
			}
			if a, err = stream.Recv(); a.GetChild() == nil {
				t.Errorf("then got %v and %v, want a child: the stream must stay open", a, err)
			}
		})
	})
}

// A client may reuse an id after the last response, and a cancel of an ended request has
// no effect.
func TestIDsAreReusable(t *testing.T) {
	stream, send := raw(t, serveRaw(t, slow()))
	for range 50 {
		send("a", 0)
		for _, wanted := range []string{"child", "done"} {
			a, err := stream.Recv()
			if err != nil || (a.GetChild() != nil) != (wanted == "child") || (a.GetDone() != nil) != (wanted == "done") {
				t.Fatalf("got %v and %v, want %s", a, err, wanted)
			}
		}
		cancel := &policyv1.ExpandRequest_Cancel{Cancel: &policyv1.Cancel{}}
		if err := stream.Send(&policyv1.ExpandRequest{RequestId: "a", Action: cancel}); err != nil {
			t.Fatal(err)
		}
	}
}

// A client that does not read blocks its own request only.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("x", 64<<10)
		script := &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
			step := reasoning.Step{Text: long, Tokens: 1}
			return policytest.Reply{Child: policy.Child{Steps: []reasoning.Step{step}, Finish: reasoning.FinishEnd}}
		}}
		s := serveRaw(t, script)
		_, send := raw(t, s)
		var ordinals []int32
		for i := range 1000 { // 64 MB
			ordinals = append(ordinals, int32(i))
		}
		send("a", ordinals...)
		synctest.Wait()
		if got := len(script.Calls()[0].Yielded); got == 0 || got > 500 {
			t.Errorf("the engine yielded %d of 1000 children to a client that reads none", got)
		}
		other := policyrpc.NewClient(s.Conn)
		defer other.Close()
		want(t, "another client on the connection", expand(t.Context(), other, 0), "0 at 0s")
	})
}
