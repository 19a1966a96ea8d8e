package main

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// ponder queue prints the default settings, then the settings that were written, and the
// models and workers of the queue.
func TestQueuePrintsSettingsAndWorkers(t *testing.T) {
	runtime.GC() // nats.go keeps timers in a sync.Pool, also those of the bubbles of earlier tests,
	runtime.GC() // and two collections empty a pool
	server, err := natsd.Start(natsd.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	run := func(line string) (stdout string, err error) {
		t.Helper()
		var c cli
		parser, err := newParser(&c)
		if err != nil {
			t.Fatal(err)
		}
		command, err := parser.Parse(append(strings.Fields(line), "--nats-url", server.URL()))
		if err != nil {
			t.Fatal(err)
		}
		command.BindTo(t.Context(), (*context.Context)(nil))
		stdout, _ = capture(t, func() { err = command.Run(&output{json: c.JSON}) })
		return stdout, err
	}
	must := func(line, want string) {
		t.Helper()
		if got, err := run(line); err != nil || got != want {
			t.Errorf("%s: error %v, prints\n%swant\n%s", line, err, got, want)
		}
	}
	must("queue", "partitions 1, cap 8  (defaults)\n")
	must("queue set --partitions 32", "partitions 32, cap 8\n")
	must("queue set --cap 4 --json", `{"cap":4,"default":false,"partitions":32}`+"\n")
	for line, field := range map[string]string{
		"queue set --partitions 0": "partitions",
		"queue set --cap 9999":     "cap",
		"queue set":                "--partitions or --cap",
	} {
		if _, err := run(line); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v, want an error that names %s", line, err, field)
		}
	}
	must("queue show", "partitions 32, cap 4\n")

	stop := startQueueWorker(t, server, "pod-0")
	want := "partitions 32, cap 4\n" +
		"script: 0 jobs queued, 0 running, 1 workers\n" +
		"  pod-0                       8 slots  ready; does not count the tokens of steps\n"
	shows := func(want string) {
		t.Helper()
		for began := time.Now(); ; {
			got, err := run("queue show")
			if err == nil && got == want {
				break
			}
			if time.Since(began) > 20*time.Second {
				t.Fatalf("error %v, prints\n%swant\n%s", err, got, want)
			}
		}
	}
	shows(want)
	got, err := run("queue show --json")
	for _, want := range []string{`{"model":"script","queued":0,"running":0,"waiting":`, `"name":"pod-0"`} {
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("error %v, prints %s, want %s", err, got, want)
		}
	}

	stop()
	shows("partitions 32, cap 4\n" +
		"script: 0 jobs queued, 0 running, 0 workers\n" +
		"  pod-0                       8 slots  gone, its announcement holds until another worker starts: " +
		"ponder queue forget script removes it; does not count the tokens of steps\n")
	must("queue forget script", "forgot what script could do\n")
	must("queue show", "partitions 32, cap 4\nscript: 0 jobs queued, 0 running, 0 workers\n")
	if _, err := run("queue forget script"); err == nil || !strings.Contains(err.Error(), "ponder queue show") {
		t.Errorf("forgotten twice: got %v", err)
	}
}

// startQueueWorker creates a queue and starts a worker of it, which does not count the tokens of
// steps and runs until stop is called or the test ends.
func startQueueWorker(t *testing.T, server *natsd.Server, name string) (stop func()) {
	t.Helper()
	nc, err := server.Connect(name)
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	cfg := policyqueue.Config{Model: reasoning.Model{Name: "script"}}
	if err := policyqueue.Setup(t.Context(), js, cfg); err != nil {
		t.Fatal(err)
	}
	script := policytest.Steps(1, 0)
	script.Can.Counts = reasoning.SupportNo
	worker, err := policyqueue.NewWorker(nc, script, cfg, policyqueue.WorkerConfig{Name: name, Slots: 8})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		nc.Close()
	})
	t.Cleanup(stop)
	return stop
}
