package policyqueue

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// NATS goes down and comes back without its memory: meanwhile requests fail at once,
// then the jobs that were lost fail, and from then on all is as before.
func TestClientAndWorkerOutliveTheServer(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		first := natstest.Server(t)
		relay := &natstest.Relay{}
		relay.Lead(first)
		connect := func(name string) *nats.Conn {
			return natstest.Connect(t, first, name, nats.InProcessServer(relay))
		}
		cfg := Config{Model: reasoning.Model{Name: "script"}}
		nc := connect("client")
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
		defer c.Close()
		monitor, err := NewMonitor(nc, cfg)
		if err != nil {
			t.Fatal(err)
		}
		lost := make(chan error)
		go func() { _, _, err := collect(t.Context(), c, request("lost", 1)); lost <- err }()
		synctest.Wait()

		relay.Lead(nil)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		if _, _, err := collect(t.Context(), c, request("down", 1)); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("down: got %v, want ErrUnavailable", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("down: took %v, want at most 1s", took)
		}
		if err := monitor.Ready(t.Context()); err == nil {
			t.Error("down: ready, want not")
		}

		time.Sleep(time.Minute)
		relay.Lead(natstest.Server(t))
		if err := <-lost; !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), "lost") {
			t.Errorf("lost: got %v, want ErrUnavailable", err)
		}
		if err := Setup(t.Context(), js, cfg); err != nil {
			t.Fatal(err)
		}
		q := &rig{Client: c, server: first, cfg: c.cfg}
		w, err := NewWorker(connect("worker"), tenSeconds(), cfg, WorkerConfig{Name: "worker", Slots: 8})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- w.Run(t.Context()) }()
		q.mustExpand(t, request("again", 4))
		w.nc.Close()
		if err := <-ended; !errors.Is(err, nats.ErrConnectionClosed) {
			t.Errorf("worker ended with %v, want ErrConnectionClosed", err)
		}
	})
}

// Jobs that a restart lost fail also if the server that is back does not answer the
// first requests.
func TestAuditRetriesUntilTheServerAnswers(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		var restarted atomic.Bool
		first := natstest.Server(t)
		relay := &natstest.Relay{}
		relay.Lead(first)
		unanswered := 3
		nc := natstest.Connect(t, first, "client", natstest.Tamper(relay, func(p natstest.Publication) int {
			if restarted.Load() && p.Subject == "$JS.API.STREAM.INFO."+protocol.Stream && unanswered > 0 {
				unanswered--
				return 0
			}
			return 1
		}))
		js, err := jetstream.New(nc)
		cfg := Config{Model: reasoning.Model{Name: "script"}}
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
		defer c.Close()
		lost := make(chan error)
		go func() { _, _, err := collect(t.Context(), c, request("lost", 1)); lost <- err }()
		synctest.Wait()
		relay.Lead(nil)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		restarted.Store(true)
		relay.Lead(natstest.Server(t))
		start := time.Now()
		if err := <-lost; !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), "lost it") {
			t.Errorf("got %v, want ErrUnavailable as the queue lost the job", err)
		}
		if took := time.Since(start); took < 3*natsTimeout || took > 8*natsTimeout {
			t.Errorf("took %v, want three requests that time out, with pauses, and a connection", took)
		}
	})
}

// A connection that breaks loses nothing that the server still has.
func TestReconnectLosesNoJob(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		done := make(chan struct{})
		go func() { q.mustExpand(t, request("s", 4)); close(done) }()
		synctest.Wait()
		if err := q.nc.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		q.worker(t, tenSeconds(), WorkerConfig{})
		<-done
		q.checkElapsed(t, 11*time.Second)
	})
}

// A planner that dies is replaced by another that asks again: the worker keeps what it
// finishes meanwhile, and delivers it to the new one.
func TestNewClientAdoptsRunningAttempts(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(10*(ordinal+1)) * time.Second
		})
		q.worker(t, engine, WorkerConfig{Slots: 8})
		go collect(t.Context(), q, request("s", 8))
		time.Sleep(5 * time.Second)
		q.nc.Close()
		time.Sleep(20 * time.Second) // children 0 and 1 finish, and no client takes them

		nc := natstest.Connect(t, q.server, "replacement")
		c, err := NewClient(nc, q.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		q.Client = c
		children := q.mustExpand(t, request("s", 8))
		if got := time.Since(q.start); got > 85*time.Second {
			t.Errorf("took %v, want 80s and a little, as the running attempt is used", got)
		}
		if got := children[0].Attempt; got != 1 {
			t.Errorf("child 0 is of attempt %d, want the first", got)
		}
		time.Sleep(time.Minute)
		q.checkEmpty(t)
	})
}

// The same request twice at the same time is two jobs.
func TestEqualRequestsAreSeparateJobs(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, tenSeconds(), WorkerConfig{})
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { q.mustExpand(t, request("s", 3)) })
		}
		both.Wait()
		q.mustExpand(t, request("s", 3)) // and again within the time that JetStream remembers ids
		q.checkElapsed(t, 20*time.Second)
		q.checkEmpty(t)
	})
}
