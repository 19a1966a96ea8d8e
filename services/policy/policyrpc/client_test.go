package policyrpc

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves p over gRPC until the test ends and returns a client of it.
func serve(t *testing.T, p policy.Policy) (*Client, *rpctest.Server) {
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, p, reasoning.Sampling{}) })
	c := NewClient(s.Conn)
	t.Cleanup(func() { c.Close() })
	return c, s
}

func TestConformance(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy {
		c, _ := serve(t, policytest.Steps(5, 0))
		return c
	}, policytest.Options{})
}

func TestConformanceInABubble(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy {
		c, _ := serve(t, policytest.Steps(5, 10*time.Millisecond))
		return c
	}, policytest.Options{Bubble: true})
}

func TestConformanceOfAQueue(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy {
		c, _ := serve(t, queue{policytest.Steps(5, 10*time.Millisecond)})
		return c
	}, policytest.Options{Bubble: true, Queued: true})
}

// A queue is a Policy that reports two starts for each request, the first after a
// queue wait of a second.
type queue struct{ policy.Policy }

func (q queue) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		start := policy.Start{Worker: "w1", Attempt: 2, QueueWait: time.Second}
		for c, err := range q.Policy.Expand(ctx, r) {
			if r.OnStart != nil && start.Attempt == 2 {
				r.OnStart(start)
				start.Attempt++
				r.OnStart(start)
			}
			c.Start = start
			if !yield(c, err) {
				return
			}
		}
	}
}

func request(ordinals ...int) policy.Request {
	return policy.Request{
		Search:   "s",
		Problem:  "p",
		Ordinals: ordinals,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
	}
}

func TestCancelReachesTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := policytest.Steps(5, time.Hour)
		c, _ := serve(t, script)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		for _, err := range c.Expand(ctx, request(0)) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the deadline", err)
			}
		}
		synctest.Wait()
		calls := script.Calls()
		if took := time.Since(start); took != time.Minute || len(calls) != 1 || !errors.Is(calls[0].Err, context.Canceled) {
			t.Errorf("after %v the engine's calls are %+v, want one, cancelled after 1m", took, calls)
		}
	})
}

func TestTraceAndTenantReachTheEngine(t *testing.T) {
	var got trace.SpanContext
	script := policytest.Steps(1, 0)
	c, _ := serve(t, observer{script, func(ctx context.Context) { got = trace.SpanContextFromContext(ctx) }})
	want := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{7}, SpanID: trace.SpanID{8}, Remote: true})
	for _, err := range c.Expand(trace.ContextWithSpanContext(t.Context(), want), request(0)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !got.Equal(want) {
		t.Errorf("the engine is in trace %v, want %v", got.TraceID(), want.TraceID())
	}
	if got := script.Calls()[0].Request.Tenant; got != "default" {
		t.Errorf("got tenant %q, want default", got)
	}
}

// An observer is a Policy that passes the context of each request to observe.
type observer struct {
	policy.Policy
	observe func(context.Context)
}

// Expand implements policy.Policy.
func (s observer) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	s.observe(ctx)
	return s.Policy.Expand(ctx, r)
}

// A step that is not UTF-8, or an engine that panics, fails its own request and no
// other on the stream.
func TestFailureEndsOneRequestOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		healthy := policytest.Steps(1, 3*time.Second)
		script := &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
			reply := healthy.Reply(r, ordinal)
			switch ordinal {
			case 1:
				reply.Delay, reply.Child.Steps[0].Text = time.Second, "\xff"
			case 2:
				reply.Delay, reply.Do = 2*time.Second, func() { panic("out of memory") }
			}
			return reply
		}}
		c, s := serve(t, script)
		errs := make(chan error, 3)
		for ordinal := range 3 {
			go func() {
				var last error
				for _, err := range c.Expand(t.Context(), request(ordinal)) {
					last = err
				}
				errs <- last
			}()
		}
		if err := <-errs; !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("bad text: got %v", err)
		}
		if err := <-errs; !strings.Contains(err.Error(), "out of memory") {
			t.Errorf("panic: got %v", err)
		}
		if err := <-errs; err != nil || s.Streams.Load() != 1 {
			t.Errorf("the other request: got %v over %d streams, want no error over 1", err, s.Streams.Load())
		}
	})
}

// A client refuses the responses of a server that breaks the contract.
func TestClientRefusesMalformedResponses(t *testing.T) {
	good := policywire.ChildToProto(policy.Child{
		Steps: []reasoning.Step{{Text: "x", Tokens: 1}}, Finish: reasoning.FinishEnd,
	})
	respond := func(child *policyv1.Child) *policyv1.ExpandResponse {
		return &policyv1.ExpandResponse{Event: &policyv1.ExpandResponse_Child{Child: child}}
	}
	child := respond(good)
	other := respond(&policyv1.Child{Ordinal: 5, Steps: good.Steps, Finish: good.Finish})
	noSteps := respond(&policyv1.Child{})
	done := &policyv1.ExpandResponse{Event: &policyv1.ExpandResponse_Done{Done: &policyv1.Done{}}}
	for name, c := range map[string]struct {
		responses []*policyv1.ExpandResponse
		want      string // in the error; empty: no error
	}{
		"valid":             {[]*policyv1.ExpandResponse{child, done}, ""},
		"child is missing":  {[]*policyv1.ExpandResponse{done}, "missing"},
		"child is repeated": {[]*policyv1.ExpandResponse{child, child, done}, "repeated"},
		"not requested":     {[]*policyv1.ExpandResponse{other}, "not requested"},
		"no steps":          {[]*policyv1.ExpandResponse{noSteps}, "steps"},
		"no event":          {[]*policyv1.ExpandResponse{{}}, "event"},
	} {
		t.Run(name, func(t *testing.T) {
			s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) {
				policyv1.RegisterPolicyServiceServer(r, fixedServer{responses: c.responses})
			})
			client := NewClient(s.Conn)
			defer client.Close()
			var last error
			for _, err := range client.Expand(t.Context(), request(0)) {
				last = err
			}
			if c.want == "" && last != nil {
				t.Errorf("got %v, want no error", last)
			}
			if c.want != "" && (!errors.Is(last, wire.ErrMalformed) || !strings.Contains(last.Error(), c.want)) {
				t.Errorf("got %v, want ErrMalformed with %q", last, c.want)
			}
		})
	}
}

// A fixedServer answers the first request of each stream by the same responses.
type fixedServer struct {
	policyv1.UnimplementedPolicyServiceServer
	responses []*policyv1.ExpandResponse
}

// Expand implements policyv1.PolicyServiceServer.
func (f fixedServer) Expand(s grpc.BidiStreamingServer[policyv1.ExpandRequest, policyv1.ExpandResponse]) error {
	q, err := s.Recv()
	if err != nil {
		return err
	}
	for _, a := range f.responses {
		if err := s.Send(&policyv1.ExpandResponse{RequestId: q.RequestId, Event: a.Event}); err != nil {
			return err
		}
	}
	<-s.Context().Done()
	return nil
}

// A client of the generated stubs gets the name of the field that breaks a rule, and
// the server's defaults for sampling parameters that it leaves unset.
func TestServerNamesFieldsAndFillsDefaults(t *testing.T) {
	script := policytest.Steps(1, 0)
	defaults := reasoning.Sampling{Temperature: 0.5, TopP: 1, MaxTokens: 64}
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, script, defaults) })
	stream, err := policyv1.NewPolicyServiceClient(s.Conn).Expand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	respond := func(q *policyv1.ExpandRequest) *policyv1.ExpandResponse {
		if err := stream.Send(q); err != nil {
			t.Fatal(err)
		}
		a, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	got := respond(&policyv1.ExpandRequest{RequestId: "1"}).GetError()
	if got.GetField() != "action" || got.GetReason() != "INVALID_ARGUMENT" {
		t.Errorf("no action: got %v, want INVALID_ARGUMENT for field action", got)
	}
	expansion := &policyv1.Expansion{
		SearchId: "s", Problem: "p", Ordinals: []int32{0}, Sampling: &reasoningv1.Sampling{TopP: new(float64)},
	}
	q := &policyv1.ExpandRequest{RequestId: "1", Action: &policyv1.ExpandRequest_Expansion{Expansion: expansion}}
	if got := respond(q).GetError(); got.GetField() != "sampling.top_p" || got.GetCode() != 3 {
		t.Errorf("top_p 0: got %v, want code 3 for field sampling.top_p", got)
	}
	expansion.Sampling = nil
	if got := respond(q); got.GetChild() == nil || script.Calls()[0].Request.Sampling != defaults {
		t.Errorf("got %v with %+v, want a child with %+v", got, script.Calls()[0].Request.Sampling, defaults)
	}
	if a, err := stream.Recv(); a.GetDone() == nil {
		t.Errorf("got %v and %v, want done", a, err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err == nil {
		t.Error("the stream goes on after CloseSend")
	}
}
