package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
)

// asMain is the environment variable with which the test's binary is the policy service.
const asMain = "PONDER_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A policy process that receives SIGTERM while it generates is unready and live, finishes its
// job, takes no other and exits with 0. One that is killed finishes nothing.
func TestPolicyDrainsOnSIGTERM(t *testing.T) {
	for name, c := range map[string]struct {
		signal  syscall.Signal
		drained bool
	}{"SIGTERM": {syscall.SIGTERM, true}, "SIGKILL": {syscall.SIGKILL, false}} {
		t.Run(name, func(t *testing.T) {
			model := newModelServer(t)
			queue := newQueue(t)
			process := startPolicy(t, queue.url, model.url)

			first := queue.expand(t, "first")
			select {
			case <-model.generating:
			case err := <-first:
				t.Fatalf("the job ended with %v before its sample was requested", err)
			}
			if err := process.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if c.drained {
				for process.get(t, "/readyz") != "503 not ready: the service is stopping\n" { // the signal takes a while
				}
				if got := process.get(t, "/livez"); got != "200 live\n" {
					t.Errorf("live while draining: got %q", got)
				}
				second := queue.expand(t, "second")
				queue.await(t, 1) // with the worker draining, it stays queued
				close(model.finish)
				if err := <-first; err != nil {
					t.Errorf("the job that was running: %v", err)
				}
				if err := process.Wait(); err != nil {
					t.Errorf("exited with %v, want 0", err)
				}
				select {
				case err := <-second:
					t.Errorf("a job that came later ended, with %v", err)
				default:
				}
			} else {
				if err := process.Wait(); err == nil {
					t.Error("exited with 0 although it was killed")
				}
				close(model.finish)
				select {
				case err := <-first:
					t.Errorf("the job of a killed process ended, with %v", err)
				default:
				}
			}
			if extra := len(model.generating); extra > 0 {
				t.Errorf("generated %d samples more", extra)
			}
		})
	}
}

// A modelServer is a model server whose samples wait until finish is closed.
type modelServer struct {
	url        string
	generating chan struct{} // one value for each request
	finish     chan struct{}
}

func newModelServer(t *testing.T) *modelServer {
	m := &modelServer{generating: make(chan struct{}, 10), finish: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/models":
			fmt.Fprint(w, `{"data":[{"id":"toy","owned_by":"llamacpp"}]}`)
		case "/completion":
			io.Copy(io.Discard, r.Body) // so that the end of the connection is noticed
			m.generating <- struct{}{}
			select {
			case <-m.finish:
			case <-r.Context().Done():
			}
			fmt.Fprint(w, `data: {"content":"A: 1","stop":false,"tokens_predicted":4}`+"\n\n"+
				`data: {"content":"","stop":true,"stop_type":"eos","tokens_predicted":5}`+"\n\n")
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	m.url = server.URL + "/v1"
	return m
}

// A queue is the queue of model toy on a NATS server of its own.
type queue struct {
	url     string
	client  *policyqueue.Client
	monitor *policyqueue.Monitor
}

func newQueue(t *testing.T) *queue {
	server, err := natsd.Start(natsd.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	nc, err := natsx.Connect(server.URL(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	config := policyqueue.Config{Model: reasoning.Model{Name: "toy"}}
	if err := policyqueue.Setup(t.Context(), js, config); err != nil {
		t.Fatal(err)
	}
	q := &queue{url: server.URL()}
	if q.client, err = policyqueue.NewClient(nc, config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.client.Close)
	if q.monitor, err = policyqueue.NewMonitor(nc, config); err != nil {
		t.Fatal(err)
	}
	return q
}

// expand requests one sample, and returns a channel of the error or of nil.
func (q *queue) expand(t *testing.T, search string) <-chan error {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); <-done })
	request := policy.Request{
		Search: search, Problem: "p", Ordinals: []int{0},
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
	}
	go func() {
		defer close(done)
		var last error
		for _, err := range q.client.Expand(ctx, request) {
			last = err
		}
		ended <- last
	}()
	return ended
}

// await waits until this many jobs are queued.
func (q *queue) await(t *testing.T, queued int) {
	for {
		load, err := q.monitor.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if load.Queued == queued {
			return
		}
	}
}

// A process is a policy process, with the address of its pages for operators.
type process struct {
	*exec.Cmd
	pages string
}

// startPolicy starts a policy process with 8 slots and waits until it is ready.
func startPolicy(t *testing.T, natsURL, modelURL string) *process {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(executable,
		"-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0", "-nats-url", natsURL, "-policy-url", modelURL,
		"-policy-model", "toy", "-policy-dialect", "llamacpp", "-policy-template", "pocket", "-policy-slots", "8")}
	p.Env = append(os.Environ(), asMain+"=1")
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() }) // nothing to do if it has ended
	var log strings.Builder
	ready := false // logged before or after the address of the pages
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		if line.Msg == "metrics" {
			p.pages = "http://" + line.Addr
		}
		ready = ready || line.Msg == "ready"
		if ready && p.pages != "" {
			go io.Copy(io.Discard, stderr)
			return p
		}
	}
	t.Fatalf("the policy process ended before it was ready:\n%s", &log)
	return nil
}

// get returns the status code and the text of a page.
func (p *process) get(t *testing.T, path string) string {
	response, err := http.Get(p.pages + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}
