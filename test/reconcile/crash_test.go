//go:build unix

package reconcile_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// queueConfig returns the configuration of the queue for workers that are processes. A job
// of a worker that is killed or paused goes to another after a second.
func queueConfig() policyqueue.Config {
	return policyqueue.Config{
		Model:   reasoning.Model{Name: modelservertest.ModelName, Template: "steps-chatml"},
		AckWait: time.Second,
	}
}

// A gate bounds the tokens that each stream of a server may have.
type gate struct {
	mu      sync.Mutex
	most    int
	waiting int           // streams that may have no more
	changed chan struct{} // closed at the next change
}

func newGate() *gate { return &gate{changed: make(chan struct{})} }

// change applies f and wakes all that wait for a change.
func (g *gate) change(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	close(g.changed)
	g.changed = make(chan struct{})
}

// await blocks until ok, which is called with the lock held, or until ctx ends.
func (g *gate) await(ctx context.Context, ok func() bool) {
	for {
		g.mu.Lock()
		done, changed := ok(), g.changed
		g.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// pass blocks until a stream may have token number n, or its ctx ends.
func (g *gate) pass(ctx context.Context, n int) {
	g.change(func() { g.waiting++ })
	g.await(ctx, func() bool { return n < g.most })
	g.change(func() { g.waiting-- })
}

// open allows each stream this many tokens.
func (g *gate) open(most int) { g.change(func() { g.most = most }) }

// awaitWaiting blocks until this many streams may have no more tokens.
func (g *gate) awaitWaiting(ctx context.Context, n int) {
	g.await(ctx, func() bool { return g.waiting == n })
}

// A site is a mesh whose workers are processes, before a server that a gate holds. Its verifier
// waits until scored is closed.
type site struct {
	*mesh.Mesh
	gate    *gate
	server  *modelservertest.Server
	proxy   *modelservertest.Proxy
	nats    *natsd.Server
	scored  chan struct{}
	results chan protocol.Result // of all attempts
}

// newSite starts a mesh without workers. The gate of its server is closed, unless o says what to do
// before a token.
func newSite(t *testing.T, o modelservertest.Options) *site {
	t.Helper()
	s := &site{gate: newGate(), results: make(chan protocol.Result, 1<<16), scored: make(chan struct{})}
	if o.Before == nil {
		o.Before = s.gate.pass
	}
	s.server = modelservertest.Start(t, o)
	s.proxy = modelservertest.StartProxy(t, s.server)
	var err error
	if s.nats, err = natsd.Start(natsd.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.nats.Close() })
	engine, err := newEngine(s.proxy.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	scorer := verifiertest.Steps(0)
	score := scorer.Reply
	scorer.Reply = func(r verifier.Request) verifiertest.Reply { <-s.scored; return score(r) }
	s.Mesh, err = mesh.Start(t.Context(), mesh.Config{
		Policy: engine, Verifier: scorer, Workers: -1, Queue: queueConfig(),
		Connect: func(name string) (*nats.Conn, error) { return s.nats.Connect(name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Nats.Subscribe("res.*", func(m *nats.Msg) {
		if r, err := protocol.DecodeResult(m.Data); err == nil {
			s.results <- r
		}
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// worker starts a worker.
func (s *site) worker(t *testing.T, name string, heartbeats bool) *workerProcess {
	t.Helper()
	return startWorker(t, workerConfig{Name: name, NATS: s.nats.URL(), Server: s.proxy.URL, Slots: 8, Heartbeats: heartbeats})
}

// begin starts a search.
func (s *site) begin(t *testing.T, problem string, strategy search.Strategy) planner.Ref {
	t.Helper()
	created, err := s.Planner.Create(t.Context(), planner.Request{Problem: problem, Strategy: strategy})
	if err != nil {
		t.Fatal(err)
	}
	return planner.Ref{ID: created.ID}
}

// end waits for the end of a search. It returns the bill, and how many tokens the server has
// written that are not on it.
func (s *site) end(t *testing.T, ref planner.Ref) (bill reasoning.Bill, gap int64) {
	t.Helper()
	got, err := s.Planner.Wait(t.Context(), ref, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != planner.StateSucceeded {
		t.Errorf("the search ended as %v: %v", got.State, got.Outcome)
	}
	written, billed := int64(s.proxy.Written()), got.Bill.Total().Generated
	t.Logf("written %d, billed %d, lost %d, unknown at most %d", written, billed,
		got.Bill.Waste.Lost.Generated, got.Bill.Unknown.Generated)
	return got.Bill, written - billed
}

// await waits for a result that satisfies ok.
func (s *site) await(t *testing.T, what string, ok func(protocol.Result) bool) {
	t.Helper()
	for {
		select {
		case r := <-s.results:
			if ok(r) {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("no result: %s", what)
		}
	}
}

// write lets each of a number of streams have this many tokens, and waits until the server has
// written them.
func (s *site) write(t *testing.T, streams, tokens int) {
	t.Helper()
	s.gate.open(tokens)
	if err := s.proxy.Await(t.Context(), streams*tokens); err != nil {
		t.Fatal(err)
	}
	s.gate.awaitWaiting(t.Context(), streams)
}

// Tokens of each of the children of a job: those that a heartbeat has told, and those that were
// generated after it.
const children, told, untold = 8, 50, 20

// A worker that is killed takes with it what it has generated since its last heartbeat, and no
// more: the rest is on the bill, as lost, and what is missing is no more than the bill's unknown.
// As a negative control, all that it has generated is missing if it sends no heartbeats.
func TestKilledWorkerIsBilledUpToItsLastHeartbeat(t *testing.T) {
	for _, heartbeats := range []bool{true, false} {
		t.Run(fmt.Sprint("heartbeats ", heartbeats), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, modelservertest.Options{Text: solution(2, 100)})
			close(s.scored)
			first := s.worker(t, "first", heartbeats)
			ref := s.begin(t, "count", search.BestOfN{N: children})
			s.write(t, children, told)
			if heartbeats {
				s.await(t, "all told", func(r protocol.Result) bool { return r.Spent.Generated == children*told })
			}
			s.write(t, children, told+untold)
			first.kill()
			s.gate.awaitWaiting(t.Context(), 0) // the server has noticed
			s.worker(t, "second", true)
			s.gate.open(1 << 20)
			bill, gap := s.end(t, ref)
			switch lost := bill.Waste.Lost.Generated; {
			case gap < 0 || gap > bill.Unknown.Generated:
				t.Errorf("%d tokens are missing, want at most the unknown %d", gap, bill.Unknown.Generated)
			case heartbeats && (gap > children*untold || lost < children*told):
				t.Errorf("%d tokens are missing and %d lost, want at most %d and at least %d", gap, lost, children*untold, children*told)
			case !heartbeats && gap != children*(told+untold):
				t.Errorf("without heartbeats %d tokens are missing, want all %d: the guard proves nothing", gap, children*(told+untold))
			}
		})
	}
}

// A worker that is paused while another repeats its job, and wakes up before the search ends,
// tells the rest: nothing is missing, and nothing is billed twice.
func TestPausedWorkerIsBilledWhenItWakesUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelservertest.Options{Text: solution(2, 100)})
	first := s.worker(t, "first", true)
	ref := s.begin(t, "count", search.BestOfN{N: children})
	s.write(t, children, told)
	s.await(t, "all told", func(r protocol.Result) bool { return r.Spent.Generated == children*told })
	first.pause()
	s.worker(t, "second", true)
	s.gate.open(1 << 20) // the server writes on to the one that is paused, too
	arrived := 0
	s.await(t, "all children of the second", func(r protocol.Result) bool {
		if _, ok := r.Event.(protocol.Child); ok && r.Start.Worker == "second" {
			arrived++
		}
		return arrived == children
	})
	first.resume()
	s.await(t, "the end of the first", func(r protocol.Result) bool {
		_, ok := r.Event.(protocol.Stopped)
		return ok && r.Start.Worker == "first"
	})
	close(s.scored)
	bill, gap := s.end(t, ref)
	solution := int64(len(solution(2, 100)))
	if lost := bill.Waste.Lost.Generated; gap != 0 || lost != children*solution || bill.Unknown.Generated != 0 {
		t.Errorf("%d tokens are missing, %d lost and %d unknown, want 0, all %d of the paused worker, and 0",
			gap, lost, bill.Unknown.Generated, children*solution)
	}
}

// Of a worker that is paused until after the end of the search, what it has told is on the bill,
// as lost, and what its server has written since is no more than the bill's unknown.
func TestPausedWorkerThatDoesNotWakeUpIsUnknown(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelservertest.Options{Text: solution(2, 100)})
	close(s.scored)
	first := s.worker(t, "first", true)
	ref := s.begin(t, "count", search.BestOfN{N: children})
	s.write(t, children, told)
	s.await(t, "all told", func(r protocol.Result) bool { return r.Spent.Generated == children*told })
	first.pause()
	s.worker(t, "second", true)
	s.gate.open(1 << 20)
	bill, gap := s.end(t, ref)
	if lost := bill.Waste.Lost.Generated; gap <= 0 || gap > bill.Unknown.Generated || lost != children*told {
		t.Errorf("%d tokens are missing, %d lost, and %d unknown, want some missing, %d lost, and the missing ones unknown",
			gap, lost, bill.Unknown.Generated, children*told)
	}
}
