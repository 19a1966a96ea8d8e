package policyqueue

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	goleak.VerifyTestMain(m)
}

// A rig is a queue with a client and a monitor in a bubble.
type rig struct {
	*Client
	monitor *Monitor
	server  *natsd.Server
	cfg     Config
	start   time.Time
}

// bubble runs body with a queue of one partition.
func bubble(t *testing.T, cfg Config, body func(t *testing.T, q *rig)) {
	t.Helper()
	partitioned(t, 1, cfg, body)
}

// partitioned runs body with a queue of this number of partitions.
func partitioned(t *testing.T, partitions int, cfg Config, body func(t *testing.T, q *rig)) {
	t.Helper()
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) { body(t, newRig(t, s, partitions, cfg)) })
}

func newRig(t *testing.T, s *natsd.Server, partitions int, cfg Config, opts ...nats.Option) *rig {
	t.Helper()
	if cfg.Model.Name == "" {
		cfg.Model = reasoning.Model{Name: "script"}
	}
	nc := natstest.Connect(t, s, "client", opts...)
	js, err := jetstream.New(nc)
	if err == nil {
		err = WriteSettings(t.Context(), js, protocol.Settings{Partitions: partitions, Cap: 8})
	}
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
	monitor, err := NewMonitor(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // until the client has read the settings
	return &rig{Client: c, monitor: monitor, server: s, cfg: c.cfg, start: time.Now()}
}

// roster returns a roster of the queue's workers, which runs until the end of the test.
func (q *rig) roster(t *testing.T) *Roster {
	t.Helper()
	r, err := NewRoster(q.nc, q.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	synctest.Wait()
	return r
}

// A testWorker is a running worker with a connection of its own.
type testWorker struct {
	*Worker
	stop  context.CancelFunc
	ended chan error
}

// worker starts a worker on a connection with these options, waits until it pulls, and stops
// it at the end of the test.
func (q *rig) worker(t *testing.T, p policy.Policy, wc WorkerConfig, opts ...nats.Option) *testWorker {
	t.Helper()
	w := q.run(t, p, wc, opts...)
	t.Cleanup(func() {
		w.stop()
		<-w.ended
	})
	synctest.Wait()
	return w
}

// run starts a worker, and checks when it has ended that all its slots are free.
func (q *rig) run(t *testing.T, p policy.Policy, wc WorkerConfig, opts ...nats.Option) *testWorker {
	t.Helper()
	if wc.Name == "" {
		wc.Name = "worker"
	}
	if wc.Slots == 0 {
		wc.Slots = 16
	}
	w, err := NewWorker(natstest.Connect(t, q.server, wc.Name, opts...), p, q.cfg, wc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	tw := &testWorker{Worker: w, stop: stop, ended: make(chan error, 1)}
	go func() {
		err := w.Run(ctx)
		if got := w.slots.available(); got != wc.Slots {
			t.Errorf("worker %s: %d slots are free at the end, want %d", w.name, got, wc.Slots)
		}
		tw.ended <- err
	}()
	return tw
}

// crash ends the worker like a power failure: the worker sends no more messages.
func (w *testWorker) crash() {
	w.nc.Close()
	w.stop()
}

// withoutHeartbeats returns an option that drops the heartbeats of a worker's connection.
func (q *rig) withoutHeartbeats() nats.Option {
	return natstest.Tamper(q.server, func(p natstest.Publication) int {
		if string(p.Data) == "+WPI" {
			return 0
		}
		return 1
	})
}

// withoutFinalReports returns an option that drops the final reports of a worker's
// connection, which are results without a reply subject.
func (q *rig) withoutFinalReports() nats.Option {
	return natstest.Tamper(q.server, func(p natstest.Publication) int {
		if strings.HasPrefix(p.Subject, "res.") && p.Reply == "" {
			return 0
		}
		return 1
	})
}

// request returns a request for n children of a search's root.
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

// collect expands r. It returns the sorted ordinals of the children, the children by
// ordinal, and the error.
func collect(ctx context.Context, p policy.Policy, r policy.Request) (
	ordinals []int, children map[int]policy.Child, err error,
) {
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

// mustExpand expands r and checks that each child comes once.
func (q *rig) mustExpand(t *testing.T, r policy.Request) map[int]policy.Child {
	t.Helper()
	got, children, err := collect(t.Context(), q, r)
	want := slices.Sorted(slices.Values(r.Ordinals))
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got children %v and error %v, want %v", got, err, want)
	}
	return children
}

// checkElapsed checks the time since q.start. JetStream may deliver a job again some
// milliseconds late.
func (q *rig) checkElapsed(t *testing.T, want time.Duration) {
	t.Helper()
	if got := time.Since(q.start); got < want || got > want+10*time.Millisecond {
		t.Errorf("took %v, want %v", got, want)
	}
}

// checkEmpty checks that the stream has no job.
func (q *rig) checkEmpty(t *testing.T) {
	t.Helper()
	synctest.Wait()
	stream, err := q.js.Stream(t.Context(), protocol.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got != 0 {
		t.Errorf("the stream has %d jobs, want none", got)
	}
}

// tenSeconds returns a policy whose children take ten seconds.
func tenSeconds() *policytest.Script { return policytest.Steps(1, 10*time.Second) }

// script returns tenSeconds with the changes of f to each reply.
func script(f func(ordinal int, reply *policytest.Reply)) *policytest.Script {
	s := tenSeconds()
	base := s.Reply
	s.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		reply := base(r, ordinal)
		f(ordinal, &reply)
		return reply
	}
	return s
}

// describeCalls returns the requested and the yielded ordinals of each call of s.
func describeCalls(s *policytest.Script) (list []string) {
	synctest.Wait() // a script records a child after its worker has sent it
	for _, c := range s.Calls() {
		list = append(list, fmt.Sprint(c.Request.Ordinals, " yielded ", c.Yielded))
	}
	return list
}
