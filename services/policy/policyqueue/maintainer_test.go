package policyqueue

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// Two models on one server, each with a planner and a worker, share the stream. The second
// maintainer creates the consumers of its model, and both models are ready and served.
func TestTwoModelsShareOneServer(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		for _, name := range []string{"pocket-0.3m", "pocket-0.1m"} {
			cfg := Config{Model: reasoning.Model{Name: name}}
			nc := natstest.Connect(t, s, "planner of "+name)
			maintainer, err := NewMaintainer(nc, cfg)
			if err != nil {
				t.Fatal(err)
			}
			monitor, err := NewMonitor(nc, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := monitor.Ready(t.Context()); err == nil {
				t.Errorf("%s is ready before its maintainer runs", name)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			defer running.Wait()
			defer cancel()
			running.Go(func() { maintainer.Run(ctx) })
			synctest.Wait()
			if err := errors.Join(monitor.Ready(t.Context()), maintainer.Ready(t.Context())); err != nil {
				t.Errorf("%s is not ready: %v", name, err)
			}
			client, err := NewClient(nc, cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			engine := policytest.Steps(1, time.Second)
			engine.Identity.Name = name
			worker, err := NewWorker(natstest.Connect(t, s, name), engine, cfg, WorkerConfig{Name: name, Slots: 8})
			if err != nil {
				t.Fatal(err)
			}
			running.Go(func() { worker.Run(ctx) })
			within, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			if got, _, err := collect(within, client, request("s", 3)); err != nil || !slices.Equal(got, []int{0, 1, 2}) {
				t.Errorf("%s: got children %v and error %v, want [0 1 2]", name, got, err)
			}
		}
	})
}

// A maintainer creates what an operator or a restart has deleted.
func TestMaintainerRecreatesTheQueue(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		maintainer, err := NewMaintainer(natstest.Connect(t, q.server, "planner"), q.cfg)
		if err != nil {
			t.Fatal(err)
		}
		go maintainer.Run(t.Context())
		synctest.Wait()
		consumer := protocol.Consumer("script", 0)
		for name, destroy := range map[string]func() error{
			protocol.Stream: func() error { return q.js.DeleteStream(t.Context(), protocol.Stream) },
			consumer:        func() error { return q.js.DeleteConsumer(t.Context(), protocol.Stream, consumer) },
		} {
			if err := destroy(); err != nil {
				t.Fatal(err)
			}
			if err := maintainer.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s is deleted: got %v, want an error that names it", name, err)
			}
			synctest.Wait()
			if err := maintainer.Ready(t.Context()); err != nil {
				t.Errorf("%s is not recreated: %v", name, err)
			}
		}
	})
}

// A worker that starts before the planner waits for the queue, and logs that once.
func TestWorkerLogsOnceThatItWaitsForTheQueue(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}), nil)))
	defer slog.SetDefault(before)
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		cfg := Config{Model: reasoning.Model{Name: "script"}}
		worker, err := NewWorker(natstest.Connect(t, s, "worker"), policytest.Steps(1, time.Second), cfg,
			WorkerConfig{Name: "w", Slots: 64})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- worker.Run(ctx) }()
		time.Sleep(time.Minute)
		nc := natstest.Connect(t, s, "planner")
		js, err := jetstream.New(nc)
		if err == nil {
			err = Setup(t.Context(), js, cfg)
		}
		if err != nil {
			t.Fatal(err)
		}
		client, err := NewClient(nc, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		start := time.Now()
		if _, _, err := collect(t.Context(), client, request("s", 3)); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got > time.Second+2*natsTimeout {
			t.Errorf("took %v, want at most %v for the worker to find the queue, and a second of the engine", got, 2*natsTimeout)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	mu.Lock()
	defer mu.Unlock()
	if lines := strings.Count(log.String(), "\n"); lines != 2 || strings.Contains(log.String(), "level=WARN") {
		t.Errorf("got this log, want two lines, that the worker waits and that it uses the queue:\n%s", log.String())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
