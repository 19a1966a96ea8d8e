package mux_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyrpc"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The tests use the policy service. slow returns a Policy whose child of ordinal n takes
// n seconds.
func slow() *policytest.Script {
	steps := policytest.Steps(1, 0)
	return &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		reply := steps.Reply(r, ordinal)
		reply.Delay = time.Duration(ordinal) * time.Second
		return reply
	}}
}

func dial(t *testing.T, p policy.Policy, options ...grpc.ServerOption) (*policyrpc.Client, *rpctest.Server) {
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { policyrpc.Register(r, p, reasoning.Sampling{}) }, options...)
	c := policyrpc.NewClient(s.Conn)
	t.Cleanup(func() { c.Close() })
	return c, s
}

// expand expands the ordinals and returns a summary: when each child was yielded, and
// the error.
func expand(ctx context.Context, p policy.Policy, ordinals ...int) <-chan string {
	start, summary := time.Now(), make(chan string, 1)
	go func() {
		var b strings.Builder
		sampling := reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 9}
		r := policy.Request{Search: "s", Problem: "p", Ordinals: ordinals, Sampling: sampling}
		for c, err := range p.Expand(ctx, r) {
			switch {
			case errors.Is(err, reasoning.ErrUnavailable):
				fmt.Fprintf(&b, "unavailable at %v ", time.Since(start))
			case err != nil:
				fmt.Fprintf(&b, "%v at %v ", err, time.Since(start))
			default:
				fmt.Fprintf(&b, "%d at %v ", c.Ordinal, time.Since(start))
			}
		}
		summary <- strings.TrimSpace(b.String())
	}()
	return summary
}

func want(t *testing.T, what string, got <-chan string, want string) {
	t.Helper()
	if got := <-got; got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestRequestsShareAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t, slow())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		first, second, third := expand(t.Context(), c, 1, 20), expand(t.Context(), c, 2), expand(ctx, c, 3, 30)
		want(t, "a quick request behind slow ones", second, "2 at 2s")
		want(t, "a request with a deadline", third, "3 at 3s context deadline exceeded at 5s")
		want(t, "a slow one", first, "1 at 1s 20 at 20s")
		if got := s.Streams.Load(); got != 1 {
			t.Errorf("%d streams, want 1", got)
		}
	})
}

func TestBrokenStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := slow()
		c, s := dial(t, script)
		first, second := expand(t.Context(), c, 1, 10), expand(t.Context(), c, 9)
		time.Sleep(5 * time.Second)
		s.Restart()
		want(t, "in flight", first, "1 at 1s unavailable at 5s")
		want(t, "also in flight", second, "unavailable at 5s")
		for _, call := range script.Calls() {
			if !errors.Is(call.Err, context.Canceled) {
				t.Errorf("the engine was not cancelled: %+v", call)
			}
		}
		time.Sleep(time.Minute) // until gRPC has reconnected
		want(t, "the next request", expand(t.Context(), c, 1), "1 at 1s")
		c.Close()
		want(t, "after Close", expand(t.Context(), c, 1), "unavailable at 0s")
	})
}

func TestStreamsAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t, slow())
		old := expand(t.Context(), c, 100)
		time.Sleep(59 * time.Second)
		want(t, "young stream", expand(t.Context(), c, 0), "0 at 0s")
		young := s.Streams.Load()
		time.Sleep(time.Second)
		want(t, "old stream", expand(t.Context(), c, 0), "0 at 0s")
		if got := s.Streams.Load(); young != 1 || got != 2 {
			t.Errorf("got %d streams and after a minute %d, want 1 and 2", young, got)
		}
		want(t, "on the old stream", old, "100 at 1m40s")
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopping := make(chan struct{})
		c, s := dial(t, slow(), grpc.ChainStreamInterceptor(mux.Drain(stopping)))
		running := expand(t.Context(), c, 10)
		time.Sleep(time.Second)
		close(stopping)
		synctest.Wait()
		want(t, "a new request", expand(t.Context(), c, 1), "unavailable at 0s")
		stopped := make(chan time.Duration)
		start := time.Now()
		go func() { s.GracefulStop(); stopped <- time.Since(start) }()
		want(t, "a running request", running, "10 at 10s")
		if got := <-stopped; got != 9*time.Second {
			t.Errorf("stopped after %v, want 9s", got)
		}
	})
}

// A client blocks the next request while MaxInFlight are in flight.
func TestClientKeepsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := dial(t, slow())
		for range mux.MaxInFlight {
			expand(t.Context(), c, 10)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		want(t, "short deadline", expand(ctx, c, 1), "context deadline exceeded at 3s")
		want(t, "no deadline", expand(t.Context(), c, 1), "1 at 8s")
	})
}
