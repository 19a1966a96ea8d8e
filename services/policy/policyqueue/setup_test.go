package policyqueue

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

func TestConcurrentSetupsSucceed(t *testing.T) {
	partitioned(t, 3, Config{}, func(t *testing.T, q *rig) {
		cfg := Config{Model: reasoning.Model{Name: "Qwen/Qwen2.5-0.5B *>"}}
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
		stream, err := q.js.Stream(t.Context(), protocol.Stream)
		if err != nil {
			t.Fatal(err)
		}
		for name := range stream.ConsumerNames(t.Context()).Name() {
			names = append(names, name)
		}
		want := []string{
			"exp-Qwen=2FQwen2=2E5-0=2E5B=20=2A=3E-0", "exp-Qwen=2FQwen2=2E5-0=2E5B=20=2A=3E-1",
			"exp-Qwen=2FQwen2=2E5-0=2E5B=20=2A=3E-2", "exp-script-0", "exp-script-1", "exp-script-2",
		}
		if diff := cmp.Diff(names, want); diff != "" {
			t.Errorf("consumers (got before want):\n%s", diff)
		}
		monitor, err := NewMonitor(q.nc, cfg)
		if err == nil {
			err = monitor.Ready(t.Context())
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func TestInvalidConfigIsRefused(t *testing.T) {
	good := Config{Model: reasoning.Model{Name: "m"}}
	for field, spoil := range map[string]func(*Config, *WorkerConfig){
		"model.name":   func(c *Config, _ *WorkerConfig) { c.Model.Name = "" },
		"ack_wait":     func(c *Config, _ *WorkerConfig) { c.AckWait = time.Millisecond },
		"max_attempts": func(c *Config, _ *WorkerConfig) { c.MaxAttempts = -1 },
		"max_age":      func(c *Config, _ *WorkerConfig) { c.MaxAge = time.Second },
		"max_jobs":     func(c *Config, _ *WorkerConfig) { c.MaxJobs = -1 },
		"replicas":     func(c *Config, _ *WorkerConfig) { c.Replicas = 6 },
		"worker.name":  func(_ *Config, w *WorkerConfig) { w.Name = "" },
		"worker.slots": func(_ *Config, w *WorkerConfig) { w.Slots = 0 },
	} {
		cfg, wc := good, WorkerConfig{Name: "w", Slots: 8}
		spoil(&cfg, &wc)
		_, err := NewWorker(nil, nil, cfg, wc)
		var invalid *reasoning.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("got %v, want an InvalidError of %s", err, field)
		}
	}
}
