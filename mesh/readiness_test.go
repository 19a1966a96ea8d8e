package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// An engineServer is a model server on a TCP port that can be stopped and started again.
type engineServer struct {
	*modelservertest.Server
	addr string
	http *httptest.Server // nil: nothing listens
	dead chan struct{}    // closed when the port closes

	mu     sync.Mutex
	status int           // of all answers but the list of models; 0: it serves
	holds  bool          // requests to generate wait for the end of the server
	busy   int           // number of requests to generate that get 429
	begun  chan struct{} // gets a value for each request to generate
}

// startEngine starts a server that generates one text.
func startEngine(t *testing.T, wire modelservertest.Wire) *engineServer {
	s := &engineServer{
		Server: modelservertest.Start(t, modelservertest.Options{Wire: wire, Text: []string{"So", " ", "\\boxed{4}", "."}}),
		addr:   "127.0.0.1:0", begun: make(chan struct{}, 4096),
	}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

// start listens on the server's port.
func (s *engineServer) start(t *testing.T) {
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.dead = make(chan struct{})
	s.http = httptest.NewUnstartedServer(s.handler(s.dead))
	s.http.Listener.Close()
	s.http.Listener = l
	s.http.Start()
}

// stop closes the port and all connections, like a crash.
func (s *engineServer) stop() {
	if s.http != nil {
		close(s.dead)
		s.http.CloseClientConnections()
		s.http.Close()
		s.http = nil
	}
}

// set sets the status of all answers but the list of models, and whether requests wait.
func (s *engineServer) set(status int, holds bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.holds = status, holds
}

// handler returns a handler whose requests end when dead is closed.
func (s *engineServer) handler(dead chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-dead:
			panic(http.ErrAbortHandler)
		default:
			s.serve(w, r, dead)
		}
	}
}

func (s *engineServer) serve(w http.ResponseWriter, r *http.Request, dead chan struct{}) {
	s.mu.Lock()
	status, holds := s.status, s.holds
	throttles := r.Method == http.MethodPost && s.busy > 0
	if throttles {
		s.busy--
	}
	s.mu.Unlock()
	if throttles {
		w.Header().Set("Retry-After", "0.1")
		http.Error(w, `{"error":{"message":"Rate limit reached"}}`, http.StatusTooManyRequests)
		return
	}
	if status != 0 && r.URL.Path != "/v1/models" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"message":"Loading model","type":"unavailable_error","code":%d}}`, status)
		return
	}
	if r.Method == http.MethodPost {
		s.begun <- struct{}{}
		if holds {
			<-dead
			panic(http.ErrAbortHandler)
		}
	}
	s.Server.ServeHTTP(w, r)
}

// engine returns a client of the server.
func (s *engineServer) engine(t *testing.T) *openai.Engine {
	format, err := template.Lookup("steps-chatml")
	if err != nil {
		t.Fatal(err)
	}
	e, err := openai.New(openai.Config{BaseURL: "http://" + s.addr, Model: modelservertest.ModelName, Template: format})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// A queueMesh is a mesh whose workers have engines of their own.
type queueMesh struct {
	*mesh.Mesh
	server *natsd.Server
}

// startQueueMesh starts a mesh without workers on a NATS server of its own.
func startQueueMesh(t *testing.T, p policy.Policy) queueMesh {
	server, err := natsd.Start(natsd.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	m, err := mesh.Start(t.Context(), mesh.Config{
		Policy: p, Workers: -1, Connect: func(name string) (*nats.Conn, error) { return server.Connect(name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return queueMesh{m, server}
}

// work starts a worker that runs until the end of the test.
func (m queueMesh) work(t *testing.T, p policy.Policy, wc policyqueue.WorkerConfig) {
	nc, err := m.server.Connect(wc.Name)
	if err != nil {
		t.Fatal(err)
	}
	model, err := p.Model(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := policyqueue.NewWorker(nc, p, policyqueue.Config{Model: model.Model}, wc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended; nc.Close() })
}

// solveAll runs n searches of 4 samples at a time. It returns how many children were lost, and the notices.
func (m queueMesh) solveAll(t *testing.T, n int) (lost int, told []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		r := requestFor(majority(4))
		r.Problem = fmt.Sprint("count ", i)
		created, err := m.Planner.Create(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			events := watch(t, m.Mesh, planner.Ref{ID: created.ID}, 0)
			mu.Lock()
			defer mu.Unlock()
			told = append(told, notices(events)...)
			for _, node := range nodes(t, m.Mesh, created.ID) {
				if node.Parent == "" && node.ID != "" && node.Answer == "" {
					lost++
				}
			}
		})
	}
	all.Wait()
	return lost, told
}

// A nameless is a Policy whose errors do not tell that its engine refused, as before there was a
// guard: the queue takes them for attempts that failed.
type nameless struct{ policy.Policy }

func (n nameless) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for child, err := range n.Policy.Expand(ctx, r) {
			if err != nil {
				err = errors.New(err.Error())
			}
			if !yield(child, err) {
				return
			}
		}
	}
}

// Beside a worker whose engine's port is closed, a healthy one serves 64 searches without a lost
// child. The controls have a dead engine that is not guarded by a probe, and one whose failures the
// worker does not recognise either: that one draws the jobs and fails them.
func TestDeadEngineBesideAHealthyOne(t *testing.T) {
	const searches = 64
	for _, arm := range []string{"guarded", "no probe", "no guard"} {
		t.Run(arm, func(t *testing.T) {
			healthy, dead := startEngine(t, modelservertest.WireVLLM), startEngine(t, modelservertest.WireVLLM)
			dead.stop() // its port refuses connections from now on
			engine := healthy.engine(t)
			m := startQueueMesh(t, engine)
			attempts := &counting{Policy: dead.engine(t)}
			wc := policyqueue.WorkerConfig{Name: "dead", Slots: 64}
			switch arm {
			case "guarded":
				wc.Ready = dead.engine(t).Ready
				m.work(t, attempts, wc)
			case "no probe":
				m.work(t, attempts, wc)
			case "no guard":
				m.work(t, nameless{attempts}, wc)
			}
			m.work(t, engine, policyqueue.WorkerConfig{Name: "healthy", Slots: 16, Ready: engine.Ready})
			lost, _ := m.solveAll(t, searches)
			t.Logf("%s: %d of %d children lost, %d attempts at the dead engine", arm, lost, 4*searches, attempts.count())
			switch arm {
			case "guarded":
				if lost > 0 || attempts.count() > 0 {
					t.Errorf("%d children are lost after %d attempts at the dead engine, want none", lost, attempts.count())
				}
			case "no probe":
				if lost > 0 || attempts.count() == 0 {
					t.Errorf("%d children are lost after %d attempts at the dead engine, want none after some", lost, attempts.count())
				}
			case "no guard":
				if lost == 0 {
					t.Errorf("no child is lost after %d attempts at the dead engine: the test shows nothing", attempts.count())
				}
			}
		})
	}
}

// A counting is a Policy that counts its requests.
type counting struct {
	policy.Policy

	mu sync.Mutex
	n  int
}

func (c *counting) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Policy.Expand(ctx, r)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// An engine that dies while it generates loses no child: its jobs go to the other worker.
func TestJobsOfAnEngineThatDiesGoToAnother(t *testing.T) {
	healthy, dying := startEngine(t, modelservertest.WireVLLM), startEngine(t, modelservertest.WireVLLM)
	dying.set(0, true) // it finishes nothing
	engine, other := healthy.engine(t), dying.engine(t)
	m := startQueueMesh(t, engine)
	m.work(t, other, policyqueue.WorkerConfig{Name: "dying", Slots: 32, Ready: other.Ready})
	died := make(chan struct{})
	go func() {
		defer close(died)
		for range 8 { // requests that it has begun
			<-dying.begun
		}
		m.work(t, engine, policyqueue.WorkerConfig{Name: "healthy", Slots: 32, Ready: engine.Ready})
		dying.stop()
	}()
	lost, told := m.solveAll(t, 16)
	<-died
	if lost > 0 {
		t.Errorf("%d of 64 children are lost", lost)
	}
	if !strings.Contains(strings.Join(told, "\n"), "repeats a job") {
		t.Errorf("got notices %q, want that jobs are repeated", told)
	}
}

// A search waits for its only engine while that is away and loads its model, and then gets all
// samples. llama.cpp lists its models while it loads.
func TestSearchesWaitForAnEngineThatRestarts(t *testing.T) {
	for _, wire := range []modelservertest.Wire{modelservertest.WireVLLM, modelservertest.WireLlamaCpp} {
		t.Run(wire.String(), func(t *testing.T) {
			server := startEngine(t, wire)
			engine := server.engine(t)
			probed := make(chan error, 4096)
			ready := func(ctx context.Context) error {
				err := engine.Ready(ctx)
				probed <- err
				return err
			}
			m := startQueueMesh(t, engine)
			m.work(t, engine, policyqueue.WorkerConfig{Name: "only", Slots: 32, Ready: ready})
			server.set(0, true)
			back := make(chan struct{})
			go func() {
				defer close(back)
				<-server.begun // it dies with a job,
				server.stop()
				for !reasoning.Refused(<-probed) { // which the worker notices,
				}
				server.set(http.StatusServiceUnavailable, false)
				server.start(t)
				for err := range probed { // it loads its model,
					if err != nil && strings.Contains(err.Error(), "503") {
						break
					}
				}
				server.set(0, false) // and is back
			}()
			lost, told := m.solveAll(t, 8)
			<-back
			if lost > 0 {
				t.Errorf("%d of 32 children are lost, notices %q", lost, told)
			}
		})
	}
}

// A search of 16 samples on an engine that throttles waits, with a notice, and gets all samples. The
// control is an engine whose 429 is taken for an attempt that failed.
func TestThrottledSearchLosesNoChild(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		server := startEngine(t, modelservertest.WireVLLM)
		var engine policy.Policy = server.engine(t)
		server.busy = 48
		if !guarded {
			engine, server.busy = nameless{engine}, 1<<20
		}
		m := startQueueMesh(t, engine)
		m.work(t, engine, policyqueue.WorkerConfig{Name: "only", Slots: 32})
		outcome, events := solve(t, m.Mesh, requestFor(majority(16)))
		told := strings.Join(notices(events), "\n")
		if complete := outcome.Stop == planner.StopComplete && outcome.Err == nil; complete != guarded {
			t.Errorf("guarded %v: stopped by %v with %v", guarded, outcome.Stop, outcome.Err)
		}
		if guarded && (len(outcome.Degraded) > 0 || !strings.Contains(told, "429 Too Many Requests")) {
			t.Errorf("degraded %q, notices %q; want all samples and one notice of 429", outcome.Degraded, told)
		}
	}
}
