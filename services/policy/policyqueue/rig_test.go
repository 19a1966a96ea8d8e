package policyqueue

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	goleak.VerifyTestMain(m)
}

// A rig is a queue with its client and workers, in a bubble.
type rig struct {
	*Client
	server *natsd.Server
	cfg    Config
	start  time.Time
}

func bubble(t *testing.T, cfg Config, body func(t *testing.T, q *rig)) {
	t.Helper()
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) { body(t, newRig(t, s, cfg)) })
}

func newRig(t *testing.T, s *natsd.Server, cfg Config) *rig {
	t.Helper()
	if cfg.Model.Name == "" {
		cfg.Model = reasoning.Model{Name: "script"}
	}
	nc := natstest.Connect(t, s, "client")
	js, err := jetstream.New(nc)
	if err == nil {
		err = Setup(t.Context(), js, cfg)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &rig{Client: c, server: s, cfg: c.cfg, start: time.Now()}
}

// A testWorker is a running worker with a connection of its own.
type testWorker struct {
	*Worker
	stop  context.CancelFunc
	ended chan error
}

// worker starts a worker that pulls when this returns, and stops at the end.
func (q *rig) worker(t *testing.T, p policy.Policy, wc WorkerConfig, tweak ...func(*Worker)) *testWorker {
	t.Helper()
	w := q.run(t, p, wc, tweak...)
	t.Cleanup(func() {
		w.stop()
		<-w.ended
	})
	synctest.Wait()
	return w
}

// run starts a worker. When it has ended, its slots must all be free.
func (q *rig) run(t *testing.T, p policy.Policy, wc WorkerConfig, tweak ...func(*Worker)) *testWorker {
	t.Helper()
	fill(&wc.Name, "worker")
	fill(&wc.Slots, 16)
	w, err := NewWorker(natstest.Connect(t, q.server, wc.Name), p, q.cfg, wc)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tweak {
		f(w)
	}
	ctx, stop := context.WithCancel(t.Context())
	tw := &testWorker{Worker: w, stop: stop, ended: make(chan error, 1)}
	go func() {
		err := w.Run(ctx)
		if got := w.slots.available(); got != wc.Slots {
			t.Errorf("worker %s: %d slots free at the end, want %d", w.name, got, wc.Slots)
		}
		tw.ended <- err
	}()
	return tw
}

// crash ends the worker as a power cut does: it says nothing to anybody.
func (w *testWorker) crash() {
	w.nc.Close()
	w.stop()
}

func request(search string, n int) policy.Request {
	r := policy.Request{
		Search:   search,
		Problem:  "1+1=",
		Span:     policy.Whole,
		Seed:     7,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
	}
	for i := range n {
		r.Ordinals = append(r.Ordinals, i)
	}
	return r
}

// expand collects r's children: their ordinals in order, and the last of each.
func expand(ctx context.Context, p policy.Policy, r policy.Request) (ordinals []int, children map[int]policy.Child, err error) {
	children = make(map[int]policy.Child)
	for c, e := range p.Expand(ctx, r) {
		if e != nil {
			err = e
			continue
		}
		ordinals = append(ordinals, c.Ordinal)
		children[c.Ordinal] = c
	}
	slices.Sort(ordinals)
	return ordinals, children, err
}

// all checks that r's children come, each once.
func (q *rig) all(t *testing.T, r policy.Request) map[int]policy.Child {
	t.Helper()
	got, children, err := expand(t.Context(), q, r)
	want := slices.Sorted(slices.Values(r.Ordinals))
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got children %v and error %v, want %v", got, err, want)
	}
	return children
}

// took checks how long it is since the rig was made. JetStream's timers for what
// was not acknowledged may be some milliseconds late.
func (q *rig) took(t *testing.T, want time.Duration) {
	t.Helper()
	if got := time.Since(q.start); got < want || got > want+10*time.Millisecond {
		t.Errorf("took %v, want %v", got, want)
	}
}

// empty checks that no job is left.
func (q *rig) empty(t *testing.T) {
	t.Helper()
	synctest.Wait()
	stream, err := q.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got != 0 {
		t.Errorf("%d jobs are left, want none", got)
	}
}

// tenSeconds is a policy whose children take ten seconds each.
func tenSeconds() *policytest.Script { return policytest.Steps(1, 10*time.Second) }

func calls(s *policytest.Script) (list []string) {
	for _, c := range s.Calls() {
		list = append(list, fmt.Sprint(c.Request.Ordinals, " given ", c.Yielded))
	}
	return list
}
