package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestSetupTogether(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		cfg := Config{Model: reasoning.Model{Name: "Qwen/Qwen2.5-0.5B *>"}, Partitions: 3}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				js, err := jetstream.New(natstest.Connect(t, q.server, "service"))
				if err == nil {
					err = Setup(t.Context(), js, cfg)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var names []string
		stream, err := q.js.Stream(t.Context(), streamName)
		if err != nil {
			t.Fatal(err)
		}
		for name := range stream.ConsumerNames(t.Context()).Name() {
			names = append(names, name)
		}
		want := []string{"exp-Qwen=2FQwen2=2E5-0=2E5B=20=2A=3E-0", "exp-Qwen=2FQwen2=2E5-0=2E5B=20=2A=3E-1", "exp-Qwen=2FQwen2=2E5-0=2E5B=20=2A=3E-2", "exp-script-0"}
		if diff := cmp.Diff(names, want); diff != "" {
			t.Errorf("consumers (got before want):\n%s", diff)
		}
		if err := Ready(t.Context(), q.nc); err != nil {
			t.Error(err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{Model: reasoning.Model{Name: "m"}}
	for field, spoil := range map[string]func(*Config, *WorkerConfig){
		"model.name":   func(c *Config, _ *WorkerConfig) { c.Model.Name = "" },
		"partitions":   func(c *Config, _ *WorkerConfig) { c.Partitions = -1 },
		"cap":          func(c *Config, _ *WorkerConfig) { c.Cap = -1 },
		"ack_wait":     func(c *Config, _ *WorkerConfig) { c.AckWait = time.Millisecond },
		"max_deliver":  func(c *Config, _ *WorkerConfig) { c.MaxDeliver = -1 },
		"max_age":      func(c *Config, _ *WorkerConfig) { c.MaxAge = time.Second },
		"max_jobs":     func(c *Config, _ *WorkerConfig) { c.MaxJobs = -1 },
		"worker.name":  func(_ *Config, w *WorkerConfig) { w.Name = "" },
		"worker.slots": func(_ *Config, w *WorkerConfig) { w.Slots = 0 },
		"worker.index": func(_ *Config, w *WorkerConfig) { w.Index = 1 },
	} {
		cfg, wc := good, WorkerConfig{Name: "w", Slots: 8}
		spoil(&cfg, &wc)
		_, err := NewWorker(nil, nil, cfg, wc)
		var invalid *reasoning.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: got %v, want an InvalidError of it", field, err)
		}
	}
}

func TestTooLongForAMessage(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		r := request("s", 1)
		r.Steps = []string{strings.Repeat("x", policy.MaxPrefix)}
		var invalid *reasoning.InvalidError
		if _, _, err := expand(t.Context(), q, r); !errors.As(err, &invalid) || invalid.Field != "steps" {
			t.Errorf("got %v, want an InvalidError of steps", err)
		}
	})
}

func TestWithoutTheStream(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		if err := q.js.DeleteStream(t.Context(), streamName); err != nil {
			t.Fatal(err)
		}
		if _, _, err := expand(t.Context(), q, request("s", 1)); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if took := time.Since(q.start); took > time.Second {
			t.Errorf("took %v, want at most 1s", took)
		}
		if err := Ready(t.Context(), q.nc); err == nil || !strings.Contains(err.Error(), streamName) {
			t.Errorf("got %v, want an error that names the stream", err)
		}
	})
}

// A harbour leads connections to the server that runs now.
type harbour struct {
	mu     sync.Mutex
	server *natsd.Server
}

func (h *harbour) InProcessConn() (net.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server == nil {
		return nil, errors.New("no server")
	}
	return h.server.InProcessConn()
}

func (h *harbour) dock(s *natsd.Server) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = s
}

// NATS goes down and comes back with its memory lost: meanwhile requests fail at
// once, then what was lost fails, and from then on all is as before.
func TestServerRestarts(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		first := natstest.Server(t)
		port := &harbour{server: first}
		connect := func(name string) *nats.Conn {
			return natstest.Connect(t, first, name, nats.InProcessServer(port))
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
		lost := make(chan error)
		go func() { _, _, err := expand(t.Context(), c, request("lost", 1)); lost <- err }()
		synctest.Wait()

		port.dock(nil)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		if _, _, err := expand(t.Context(), c, request("down", 1)); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("down: got %v, want ErrUnavailable", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("down: took %v, want at most 1s", took)
		}
		if err := Ready(t.Context(), nc); err == nil {
			t.Error("down: ready, want not")
		}

		time.Sleep(time.Minute)
		port.dock(natstest.Server(t))
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
		q.all(t, request("again", 4))
		w.nc.Close()
		if err := <-ended; !errors.Is(err, nats.ErrConnectionClosed) {
			t.Errorf("worker ended with %v, want ErrConnectionClosed", err)
		}
	})
}

// A stumbling JetStream does not say at first what streams there are.
type stumbling struct {
	jetstream.JetStream
	fails int
}

func (s *stumbling) Stream(ctx context.Context, name string) (jetstream.Stream, error) {
	if s.fails > 0 {
		s.fails--
		return nil, context.DeadlineExceeded
	}
	return s.JetStream.Stream(ctx, name)
}

// What a restart lost is noticed also where the server that is back does not answer
// the first questions.
func TestLostJobsAreAskedForUntilTheServerAnswers(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		first := natstest.Server(t)
		port := &harbour{server: first}
		nc := natstest.Connect(t, first, "client", nats.InProcessServer(port))
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
		c.js = &stumbling{JetStream: c.js, fails: 3}
		lost := make(chan error)
		go func() { _, _, err := expand(t.Context(), c, request("lost", 1)); lost <- err }()
		synctest.Wait()
		port.dock(nil)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		port.dock(natstest.Server(t))
		start := time.Now()
		if err := <-lost; !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), "lost it") {
			t.Errorf("got %v, want ErrUnavailable as the queue lost the job", err)
		}
		if took := time.Since(start); took > 5*patience {
			t.Errorf("noticed after %v, want 3 questions and a connection later", took)
		}
	})
}

// A connection that breaks loses nothing that the server still has.
func TestClientReconnects(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		done := make(chan struct{})
		go func() { q.all(t, request("s", 4)); close(done) }()
		synctest.Wait()
		if err := q.nc.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		q.worker(t, tenSeconds(), WorkerConfig{})
		<-done
		q.took(t, 11*time.Second)
	})
}

// A planner that dies is replaced by another that asks again: the worker, which has
// kept what it finished meanwhile, gives it to the new one.
func TestOwnerIsReplaced(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := say(func(ordinal int, l *policytest.Reply) { l.Delay = time.Duration(10*(ordinal+1)) * time.Second })
		q.worker(t, engine, WorkerConfig{Slots: 8})
		go expand(t.Context(), q, request("s", 8))
		time.Sleep(5 * time.Second)
		q.nc.Close()
		time.Sleep(20 * time.Second) // children 0 and 1 come, and nobody takes them

		nc := natstest.Connect(t, q.server, "replacement")
		c, err := NewClient(nc, q.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		q.Client = c
		children := q.all(t, request("s", 8))
		if got := time.Since(q.start); got > 85*time.Second {
			t.Errorf("took %v, want what the worker was at to be used: 80s and a little", got)
		}
		if got := children[0].Attempt; got != 1 {
			t.Errorf("child 0 is of attempt %d, want the first", got)
		}
		time.Sleep(time.Minute)
		q.empty(t)
	})
}

// The same request twice at the same time is two jobs.
func TestTwins(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, tenSeconds(), WorkerConfig{})
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { q.all(t, request("s", 3)) })
		}
		both.Wait()
		q.all(t, request("s", 3)) // and again within the time that JetStream remembers ids
		q.took(t, 20*time.Second)
		q.empty(t)
	})
}

func TestUnknownVersionIsPutBack(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		msg, err := q.cfg.encode(t.Context(), request("s", 1), "job", "epoch")
		if err != nil {
			t.Fatal(err)
		}
		msg.Data = append(msg.Data, 0x08, 0x09) // version, again: the last counts
		if _, _, err := decode(msg); !errors.Is(err, errVersion) {
			t.Fatalf("got %v, want another version", err)
		}
		if _, err := q.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		load, err := q.Load(t.Context())
		if err != nil || load.Running != 1 || len(engine.Calls()) > 0 { // JetStream counts what was put back as running
			t.Errorf("load is %+v and error %v after %d calls, want one job that waits", load, err, len(engine.Calls()))
		}
		time.Sleep(time.Minute)
		q.empty(t) // nobody came who knew it
	})
}

// A job whose owner never comes back keeps no places, and ends.
func TestOrphan(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{Slots: 8})
		msg, err := q.cfg.encode(t.Context(), request("orphan", 8), "job", "epoch")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * patience)
		q.all(t, request("s", 8))
		q.took(t, 2*patience+10*time.Second)
		time.Sleep(time.Duration(q.cfg.MaxDeliver) * (q.cfg.AckWait + patience))
		q.empty(t)
		if got := len(engine.Calls()); got != 1 {
			t.Errorf("%d calls of the engine, want 1", got)
		}
	})
}

func FuzzDecode(f *testing.F) {
	cfg, err := Config{Model: reasoning.Model{Name: "m"}}.complete()
	if err != nil {
		f.Fatal(err)
	}
	msg, err := cfg.encode(f.Context(), request("s", 3), "job", "epoch")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(msg.Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, r, err := decode(&nats.Msg{Data: data})
		if err == nil && r.Validate() != nil {
			t.Errorf("decoded a request that is not valid: %v", r.Validate())
		}
	})
}

func TestTokensAreDistinctAndSafe(t *testing.T) {
	seen := make(map[string]string)
	for _, name := range []string{"a", "A", "a.b", "a/b", "a b", "a*", "a>", "a=2Eb", "ä", "a_b", "a-b"} {
		tok := token(name)
		if strings.ContainsAny(tok, ".*> /\\\t") || tok == "" {
			t.Errorf("token of %q is %q", name, tok)
		}
		if other, ok := seen[tok]; ok {
			t.Errorf("%q and %q have the same token", name, other)
		}
		seen[tok] = name
	}
	if got := fmt.Sprint(Config{Model: reasoning.Model{Name: "a.b"}}.filter(3)); got != "exp.3.a=2Eb.>" {
		t.Errorf("filter is %q", got)
	}
}
