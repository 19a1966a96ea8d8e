//go:build unix

package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// asWorker is the environment variable with which the test's binary is a worker; its value
// is a workerConfig as JSON.
const asWorker = "PONDER_TEST_AS_WORKER"

// A workerConfig describes a worker that is a process of its own.
type workerConfig struct {
	Name       string
	NATS       string // URL
	Server     string // URL of the model server, or of the proxy before it
	Slots      int
	Heartbeats bool // tells what it has spent; off: a negative control
}

// A workerProcess is a running worker.
type workerProcess struct {
	*exec.Cmd
	t      *testing.T
	stderr bytes.Buffer
}

// startWorker starts a worker, which is killed at the end of the test.
func startWorker(t *testing.T, c workerConfig) *workerProcess {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	w := &workerProcess{Cmd: exec.Command(executable), t: t}
	w.Env = append(os.Environ(), asWorker+"="+string(config))
	w.Stderr = &w.stderr
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if w.ProcessState == nil {
			w.kill()
		}
		if t.Failed() {
			t.Logf("worker %s:\n%s", c.Name, &w.stderr)
		}
	})
	return w
}

// kill ends the process as a power failure does, and waits until it has ended.
func (w *workerProcess) kill() {
	w.signal(syscall.SIGKILL)
	w.Wait() // its error is the signal
}

// pause stops the process, and waits until it stands still.
func (w *workerProcess) pause() {
	w.t.Helper()
	w.signal(syscall.SIGSTOP)
	if _, err := syscall.Wait4(w.Process.Pid, nil, syscall.WUNTRACED, nil); err != nil {
		w.t.Error(err)
	}
}

// resume lets a process that was paused go on.
func (w *workerProcess) resume() { w.signal(syscall.SIGCONT) }

// signal sends a signal.
func (w *workerProcess) signal(s syscall.Signal) {
	w.t.Helper()
	if err := w.Process.Signal(s); err != nil {
		w.t.Error(err)
	}
}

// runWorker is the main function of a worker: it runs until SIGTERM.
func runWorker(config string) error {
	var c workerConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	engine, err := newEngine(c.Server, nil)
	if err != nil {
		return err
	}
	var opts []nats.Option
	if !c.Heartbeats {
		opts = append(opts, withoutHeartbeats(c.NATS))
	}
	nc, err := natsx.Connect(c.NATS, c.Name, opts...)
	if err != nil {
		return err
	}
	defer nc.Close()
	worker, err := policyqueue.NewWorker(nc, engine, queueConfig(), policyqueue.WorkerConfig{Name: c.Name, Slots: c.Slots})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return worker.Run(ctx)
}

// A dialer connects to a NATS server over TCP.
type dialer string

// InProcessConn implements nats.InProcessConnProvider.
func (d dialer) InProcessConn() (net.Conn, error) { return net.Dial("tcp", string(d)) }

// withoutHeartbeats returns an option that drops the results of a worker's connection that
// have no event.
func withoutHeartbeats(url string) nats.Option {
	var address string
	fmt.Sscanf(url, "nats://%s", &address)
	return natstest.Tamper(dialer(address), func(p natstest.Publication) int {
		if isHeartbeat(p.Subject, p.Data) {
			return 0
		}
		return 1
	})
}

// isHeartbeat reports whether a message is a heartbeat of a worker.
func isHeartbeat(subject string, data []byte) bool {
	if len(subject) < 4 || subject[:4] != "res." {
		return false
	}
	result, err := protocol.DecodeResult(data)
	return err == nil && result.Event == nil
}

// newEngine returns an engine of the stand-in's model at a URL.
func newEngine(url string, proxy *modelservertest.Proxy) (*openai.Engine, error) {
	format, err := template.Lookup("steps-chatml")
	if err != nil {
		return nil, err
	}
	c := openai.Config{BaseURL: url, Model: modelservertest.ModelName, Template: format, Dialect: openai.DialectVLLM}
	if proxy != nil {
		c.Transport = proxy.Transport()
	}
	return openai.New(c)
}
