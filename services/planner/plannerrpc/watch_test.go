package plannerrpc

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannertest"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A cutter is a TCP proxy that cuts each connection after limit bytes to the client. After 20 cuts
// it allows four times as many, so that a client can read an event of all the changes that it
// missed.
type cutter struct {
	net.Listener
	backend string
	limit   int64
	cuts    atomic.Int32
}

// startCutter serves a cutter in front of an address until the end of the test.
func startCutter(t *testing.T, backend string, limit int64) *cutter {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	c := &cutter{Listener: listener, backend: backend, limit: limit}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(client)
		}
	}()
	return c
}

// carry copies the bytes of a connection in both directions, and cuts it at the limit.
func (c *cutter) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.backend)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	limit := c.limit
	if c.cuts.Load() >= 20 {
		limit *= 4
	}
	if n, _ := io.CopyN(client, server, limit); n == limit {
		c.cuts.Add(1)
	}
}

// Through a proxy that cuts each connection after some kilobytes, a watch of a beam of 128 covers
// each sequence number once and yields the same tree as Nodes.
func TestWatchThroughCuts(t *testing.T) {
	steps := policytest.Steps(4, 0)
	staggered := &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		reply := steps.Reply(r, ordinal)
		reply.Delay = time.Duration(rand.N(200)) * time.Millisecond // so that changes are made one by one
		return reply
	}}
	p := planner.New(planner.Config{Policy: staggered, Verifier: verifiertest.Steps(0)})
	defer p.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(serve.Interceptors(nil)...)
	Register(server, p)
	go server.Serve(listener)
	defer server.Stop()
	proxy := startCutter(t, listener.Addr().String(), 16<<10)
	conn, err := grpc.NewClient(proxy.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	solver := NewClient(conn)
	created, err := solver.Create(t.Context(), planner.Request{Tenant: "t", Problem: "count", Strategy: search.NewBeam(128)})
	if err != nil {
		t.Fatal(err)
	}
	ref := planner.Ref{Tenant: "t", ID: created.ID}
	var events []planner.Event
	for e, err := range solver.Watch(t.Context(), ref, 0) {
		if err != nil {
			t.Fatalf("after %d events and %d cuts: %v", len(events), proxy.cuts.Load(), err)
		}
		events = append(events, e)
	}
	end, err := p.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	plannertest.Contiguous(t, 0, events, end.Sequence)
	plannertest.SameTree(t, p, ref, plannertest.Tree(events))
	if cuts := proxy.cuts.Load(); cuts < 3 {
		t.Errorf("%d cuts in %d events, want at least 3: the test shows nothing", cuts, len(events))
	}
}

// A Client waits for a planner that restarts or cannot be reached, if the planner has responded to
// it before.
func TestWatchWaitsForAPlannerThatResponded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := planner.New(planner.Config{Policy: policytest.Steps(3, 10*time.Second), Verifier: verifiertest.Steps(0)})
		t.Cleanup(p.Close)
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { Register(s, p) })
		ref := planner.Ref{Tenant: "t", ID: "x"}
		server.Server.Stop()
		began := time.Now()
		for _, err := range NewClient(server.Conn).Watch(t.Context(), ref, 0) {
			if !errors.Is(err, reasoning.ErrUnavailable) {
				t.Errorf("a planner that never responded: got %v, want ErrUnavailable", err)
			}
		}
		if _, err := NewClient(server.Conn).Wait(t.Context(), ref, time.Hour); !errors.Is(err, reasoning.ErrUnavailable) || time.Since(began) != 0 {
			t.Errorf("a planner that never responded: got %v after %v, want ErrUnavailable at once", err, time.Since(began))
		}
		server.Restart()
		time.Sleep(time.Minute) // for gRPC to connect again
		solver := NewClient(server.Conn)
		created, err := solver.Create(t.Context(), planner.Request{Tenant: "t", Problem: "count", Strategy: search.NewBeam(8)})
		if err != nil {
			t.Fatal(err)
		}
		ref.ID = created.ID
		waited := make(chan error)
		go func() {
			got, err := solver.Wait(t.Context(), ref, time.Hour)
			if err == nil && !got.State.Ended() {
				err = errors.New("not ended")
			}
			waited <- err
		}()
		time.AfterFunc(5*time.Second, server.Restart)
		time.AfterFunc(15*time.Second, server.Server.Stop)
		time.AfterFunc(25*time.Second, server.Restart)
		var events []planner.Event
		for e, err := range solver.Watch(t.Context(), ref, 0) {
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		end, err := p.Get(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		plannertest.Contiguous(t, 0, events, end.Sequence)
		if err := <-waited; err != nil {
			t.Errorf("Wait: %v", err)
		}
	})
}

// A broken planner sends given events, which may break the contract.
type broken struct {
	plannerv1.UnimplementedPlannerServiceServer
	streams [][]*plannerv1.SearchEvent // events of each stream
	err     error                      // ends each stream
	opened  []int64                    // after_sequence of each stream
}

func (b *broken) WatchSearch(in *plannerv1.WatchSearchRequest, out grpc.ServerStreamingServer[plannerv1.WatchSearchResponse]) error {
	n := len(b.opened)
	b.opened = append(b.opened, in.GetAfterSequence())
	if n < len(b.streams) {
		for _, e := range b.streams[n] {
			if err := out.Send(&plannerv1.WatchSearchResponse{Event: e}); err != nil {
				return err
			}
		}
	}
	return b.err
}

// Watch ends with an error if a stream breaks the contract or fails permanently, and continues
// after other failures.
func TestWatchOfABrokenPlanner(t *testing.T) {
	event := func(first, last int64) *plannerv1.SearchEvent {
		return &plannerv1.SearchEvent{FirstSequence: first, Sequence: last, State: plannerv1.SearchState_SEARCH_STATE_RUNNING}
	}
	snapshot := event(100, 105)
	snapshot.Snapshot = true
	terminal := event(106, 106)
	terminal.State, terminal.Outcome = plannerv1.SearchState_SEARCH_STATE_FAILED, &plannerv1.Outcome{StopReason: plannerv1.StopReason_STOP_REASON_ERROR}
	unavailable := status.Error(codes.Unavailable, "unavailable")
	for _, c := range []struct {
		name    string
		streams [][]*plannerv1.SearchEvent
		err     error // of each stream
		want    error // of Watch
		opened  int
		events  int
	}{
		{"a gap", [][]*plannerv1.SearchEvent{{event(1, 2), event(4, 5)}}, nil, wire.ErrMalformed, 1, 1},
		{"the same twice", [][]*plannerv1.SearchEvent{{event(1, 2), event(2, 3)}}, nil, wire.ErrMalformed, 1, 1},
		{"an end without an outcome", [][]*plannerv1.SearchEvent{{event(1, 2)}}, nil, wire.ErrMalformed, 2, 1},
		{"a permanent error", [][]*plannerv1.SearchEvent{{event(1, 2)}}, planner.ErrNotFound, planner.ErrNotFound, 1, 1},
		{"an error of a proxy", [][]*plannerv1.SearchEvent{{event(1, 2)}}, status.Error(codes.PermissionDenied, "no"), nil, 1, 1},
		{"streams that continue after a snapshot", [][]*plannerv1.SearchEvent{{event(1, 2)}, {snapshot}, {terminal}}, unavailable, nil, 3, 3},
		{"a proxy that breaks streams", [][]*plannerv1.SearchEvent{{event(101, 105)}, {terminal}}, status.Error(codes.Internal, "RST_STREAM"), nil, 2, 2},
		{"no events left", nil, nil, nil, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &broken{streams: c.streams, err: c.err}
				server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { plannerv1.RegisterPlannerServiceServer(s, b) })
				events := 0
				var last error
				for _, err := range NewClient(server.Conn).Watch(t.Context(), planner.Ref{}, 0) {
					if last = err; err == nil {
						events++
					}
				}
				if c.want != nil && !errors.Is(last, c.want) || c.want == nil && last != nil && status.Code(last) != codes.PermissionDenied {
					t.Errorf("ended with %v, want %v", last, c.want)
				}
				if len(b.opened) != c.opened || events != c.events {
					t.Errorf("%d streams after %v and %d events, want %d and %d", len(b.opened), b.opened, events, c.opened, c.events)
				}
			})
		})
	}
}

// Pauses grow up to maxPause and end with the context.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		longest := time.Duration(0)
		for range 20 {
			began := time.Now()
			if err := b.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			took := time.Since(began)
			if took < minPause/2 || took > maxPause {
				t.Errorf("paused for %v", took)
			}
			longest = max(longest, took)
		}
		if longest < maxPause/2 {
			t.Errorf("the longest of 20 pauses is %v", longest)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if err := b.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end", err)
		}
	})
}
