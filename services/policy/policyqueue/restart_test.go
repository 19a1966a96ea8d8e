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

// While NATS is down, requests fail at once. When it is back, without its memory, lost jobs
// fail, and new ones are done.
func TestClientAndWorkerOutliveTheServer(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		first := natstest.Server(t)
		relay := &natstest.Relay{}
		relay.SetServer(first)
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

		relay.SetServer(nil)
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
			t.Error("down: the monitor is ready, want an error")
		}

		time.Sleep(time.Minute)
		relay.SetServer(natstest.Server(t))
		if err := <-lost; !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), "lost") {
			t.Errorf("lost: got %v, want ErrUnavailable, as the job is lost", err)
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

// Jobs that a restart lost fail even if the server does not respond to the first requests
// after it.
func TestAuditRetriesUntilTheServerResponds(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		var restarted atomic.Bool
		first := natstest.Server(t)
		relay := &natstest.Relay{}
		relay.SetServer(first)
		dropped := 0
		nc := natstest.Connect(t, first, "client", natstest.Tamper(relay, func(p natstest.Publication) int {
			if restarted.Load() && p.Subject == "$JS.API.STREAM.INFO."+protocol.Stream && dropped < 3 {
				dropped++
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
		relay.SetServer(nil)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		restarted.Store(true)
		relay.SetServer(natstest.Server(t))
		start := time.Now()
		if err := <-lost; !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), "has lost") {
			t.Errorf("got %v, want ErrUnavailable, as the job is lost", err)
		}
		if took := time.Since(start); took < 3*natsTimeout || took > 8*natsTimeout {
			t.Errorf("took %v, want the time of three requests that time out, of pauses and of a connection", took)
		}
	})
}

// A client that reconnects gets the children of the jobs that the server still has.
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

// A client that replaces a crashed one, and sends the same request, gets the children that
// the running attempt has finished meanwhile, and those that it finishes later.
func TestNewClientGetsChildrenOfRunningAttempts(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(10*(ordinal+1)) * time.Second
		})
		q.worker(t, engine, WorkerConfig{Slots: 8})
		go collect(t.Context(), q, request("s", 8))
		time.Sleep(5 * time.Second)
		q.nc.Close()
		time.Sleep(20 * time.Second) // children 0 and 1 finish without a client

		nc := natstest.Connect(t, q.server, "replacement")
		c, err := NewClient(nc, q.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		q.Client = c
		children := q.mustExpand(t, request("s", 8))
		if got := time.Since(q.start); got > 85*time.Second {
			t.Errorf("took %v, want at most 85s: the running attempt takes 80s", got)
		}
		if got := children[0].Attempt; got != 1 {
			t.Errorf("child 0 is from attempt %d, want the first", got)
		}
		time.Sleep(time.Minute)
		q.checkEmpty(t)
	})
}

// Equal requests are separate jobs, at the same time and one after the other.
func TestEqualRequestsAreSeparateJobs(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, tenSeconds(), WorkerConfig{})
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { q.mustExpand(t, request("s", 3)) })
		}
		both.Wait()
		q.mustExpand(t, request("s", 3)) // while JetStream still drops duplicates of the message ids
		q.checkElapsed(t, 20*time.Second)
		q.checkEmpty(t)
	})
}
