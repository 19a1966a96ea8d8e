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

// over gRPC.
func over(t *testing.T, p policy.Policy) (*Client, *rpctest.Server) {
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, p, reasoning.Sampling{}) })
	c := NewClient(s.Conn)
	t.Cleanup(func() { c.Close() })
	return c, s
}

func TestConformance(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy {
		c, _ := over(t, policytest.Steps(5, 0))
		return c
	}, policytest.Options{})
}

func TestConformanceInABubble(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy {
		c, _ := over(t, policytest.Steps(5, 10*time.Millisecond))
		return c
	}, policytest.Options{Bubble: true})
}

func TestConformanceOfAQueue(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy {
		c, _ := over(t, queue{policytest.Steps(5, 10*time.Millisecond)})
		return c
	}, policytest.Options{Bubble: true, Queued: true})
}

// queue is a Policy whose requests wait a second.
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
		c, _ := over(t, script)
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
	c, _ := over(t, spy{script, func(ctx context.Context) { got = trace.SpanContextFromContext(ctx) }})
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

type spy struct {
	policy.Policy
	see func(context.Context)
}

func (s spy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	s.see(ctx)
	return s.Policy.Expand(ctx, r)
}

// A step that is not UTF-8 and an engine that panics cost their request, and no
// other on the stream.
func TestSickEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		healthy := policytest.Steps(1, 3*time.Second)
		script := &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
			l := healthy.Reply(r, ordinal)
			switch ordinal {
			case 1:
				l.Delay, l.Child.Steps[0].Text = time.Second, "\xff"
			case 2:
				l.Delay, l.Do = 2*time.Second, func() { panic("out of memory") }
			}
			return l
		}}
		c, s := over(t, script)
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
			t.Errorf("the other request: got %v, over %d streams", err, s.Streams.Load())
		}
	})
}

// What a client refuses of a server that does not keep to the contract.
func TestMalformedAnswers(t *testing.T) {
	good := policywire.ChildToProto(policy.Child{Steps: []reasoning.Step{{Text: "x", Tokens: 1}}, Finish: reasoning.FinishEnd})
	child := &policyv1.ExpandResponse{Event: &policyv1.ExpandResponse_Child{Child: good}}
	done := &policyv1.ExpandResponse{Event: &policyv1.ExpandResponse_Done{Done: &policyv1.Done{}}}
	other := &policyv1.ExpandResponse{Event: &policyv1.ExpandResponse_Child{Child: &policyv1.Child{Ordinal: 5, Steps: good.Steps, Finish: good.Finish}}}
	bare := &policyv1.ExpandResponse{Event: &policyv1.ExpandResponse_Child{Child: &policyv1.Child{}}}
	for name, answers := range map[string]struct {
		say  []*policyv1.ExpandResponse
		want string
	}{
		"sound":          {[]*policyv1.ExpandResponse{child, done}, ""},
		"child is lost":  {[]*policyv1.ExpandResponse{done}, "did not come"},
		"child is twice": {[]*policyv1.ExpandResponse{child, child, done}, "twice"},
		"not asked for":  {[]*policyv1.ExpandResponse{other}, "not asked for"},
		"no steps":       {[]*policyv1.ExpandResponse{bare}, "steps"},
		"no event":       {[]*policyv1.ExpandResponse{{}}, "event"},
	} {
		t.Run(name, func(t *testing.T) {
			s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { policyv1.RegisterPolicyServiceServer(r, liar{say: answers.say}) })
			c := NewClient(s.Conn)
			defer c.Close()
			var last error
			for _, err := range c.Expand(t.Context(), request(0)) {
				last = err
			}
			if answers.want == "" && last != nil {
				t.Errorf("got %v", last)
			}
			if answers.want != "" && (!errors.Is(last, wire.ErrMalformed) || !strings.Contains(last.Error(), answers.want)) {
				t.Errorf("got %v, want ErrMalformed with %q", last, answers.want)
			}
		})
	}
}

// liar says the same to each request.
type liar struct {
	policyv1.UnimplementedPolicyServiceServer
	say []*policyv1.ExpandResponse
}

func (l liar) Expand(s grpc.BidiStreamingServer[policyv1.ExpandRequest, policyv1.ExpandResponse]) error {
	q, err := s.Recv()
	if err != nil {
		return err
	}
	for _, a := range l.say {
		if err := s.Send(&policyv1.ExpandResponse{RequestId: q.RequestId, Event: a.Event}); err != nil {
			return err
		}
	}
	<-s.Context().Done()
	return nil
}

// A client in another language hears the field that breaks a rule, and gets
// defaults for what it does not say.
func TestStrangers(t *testing.T) {
	script := policytest.Steps(1, 0)
	defaults := reasoning.Sampling{Temperature: 0.5, TopP: 1, MaxTokens: 64}
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, script, defaults) })
	stream, err := policyv1.NewPolicyServiceClient(s.Conn).Expand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(q *policyv1.ExpandRequest) *policyv1.ExpandResponse {
		if err := stream.Send(q); err != nil {
			t.Fatal(err)
		}
		a, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if got := ask(&policyv1.ExpandRequest{RequestId: "1"}).GetError(); got.GetField() != "action" || got.GetReason() != "INVALID_ARGUMENT" {
		t.Errorf("no action: got %v", got)
	}
	expansion := &policyv1.Expansion{SearchId: "s", Problem: "p", Ordinals: []int32{0}, Sampling: &reasoningv1.Sampling{TopP: new(float64)}}
	q := &policyv1.ExpandRequest{RequestId: "1", Action: &policyv1.ExpandRequest_Expansion{Expansion: expansion}}
	if got := ask(q).GetError(); got.GetField() != "sampling.top_p" || got.GetCode() != 3 {
		t.Errorf("top_p 0: got %v", got)
	}
	expansion.Sampling = nil
	if got := ask(q); got.GetChild() == nil || script.Calls()[0].Request.Sampling != defaults {
		t.Errorf("got %v with %+v, want a child with %+v", got, script.Calls()[0].Request.Sampling, defaults)
	}
	if a, err := stream.Recv(); a.GetDone() == nil {
		t.Errorf("got %v and %v, want done", a, err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err == nil {
		t.Error("the stream does not end")
	}
}
