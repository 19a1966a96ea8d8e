package mesh_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// start starts a mesh that runs until the end of the test, and waits until its workers
// pull.
func start(t *testing.T, s *natsd.Server, c mesh.Config) *mesh.Mesh {
	t.Helper()
	if c.Connect == nil {
		c.Connect = func(name string) (*nats.Conn, error) { return s.Connect(name) }
	}
	m, err := mesh.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return m
}

// A worker is a policy worker with its own connection.
type worker struct {
	nc    *nats.Conn
	stop  context.CancelFunc
	ended chan error
}

// startWorker starts a worker that runs until the end of the test.
func startWorker(t *testing.T, s *natsd.Server, name string, p policy.Policy) *worker {
	t.Helper()
	nc, err := s.Connect(name)
	if err != nil {
		t.Fatal(err)
	}
	model, err := p.Model(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := policyqueue.NewWorker(nc, p, policyqueue.Config{Model: model.Model},
		policyqueue.WorkerConfig{Name: name, Slots: 16})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	running := &worker{nc, stop, make(chan error, 1)}
	go func() { running.ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-running.ended
		nc.Close()
	})
	synctest.Wait()
	return running
}

// crash ends the worker without a message to NATS.
func (w *worker) crash() {
	w.nc.Close()
	w.stop()
}

// wire returns the planner's gRPC client.
func wire(m *mesh.Mesh) plannerv1.PlannerServiceClient {
	return plannerv1.NewPlannerServiceClient(m.PlannerConn)
}

// majority returns a majority vote that waits for all its samples.
func majority(n int) search.Strategy { return search.Majority{N: n, Exhaustive: true} }

func bestOf(n int) search.Strategy { return search.BestOfN{N: n} }

func beam(n, m int) search.Strategy {
	s := search.NewBeam(n)
	s.M = m
	return s
}

// requestFor returns a request for one problem.
func requestFor(s search.Strategy) planner.Request {
	return planner.Request{Problem: "count", Strategy: s}
}

// begin creates a search and returns its id.
func begin(t *testing.T, m *mesh.Mesh, r planner.Request) (id string) {
	t.Helper()
	created, err := m.Planner.Create(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// solve creates a search and returns its outcome and all its events.
func solve(t *testing.T, m *mesh.Mesh, r planner.Request) (*planner.Outcome, []planner.Event) {
	t.Helper()
	created, err := m.Planner.Create(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	events := watch(t, m, planner.Ref{Tenant: r.Tenant, ID: created.ID}, 0)
	return events[len(events)-1].Outcome, events
}

// watch returns the events of a search after a sequence number, to its end.
func watch(t *testing.T, m *mesh.Mesh, ref planner.Ref, after int64) (events []planner.Event) {
	t.Helper()
	for e, err := range m.Planner.Watch(context.Background(), ref, after) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// get returns a search.
func get(t *testing.T, m *mesh.Mesh, id string) planner.Search {
	t.Helper()
	got, err := m.Planner.Get(context.Background(), planner.Ref{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// nodes returns all nodes of a search.
func nodes(t *testing.T, m *mesh.Mesh, id string) []planner.Node {
	t.Helper()
	page, err := m.Planner.Nodes(context.Background(), planner.NodesRequest{Ref: planner.Ref{ID: id}, PageSize: 1000})
	if err != nil || page.Next != "" {
		t.Fatalf("next page %q, error %v", page.Next, err)
	}
	return page.Items
}

// reasonOf returns the reason of an error, "" if there is none.
func reasonOf(err error) string {
	if e := reasoning.Classify(err); e != nil {
		return e.Reason()
	}
	return ""
}

// took checks that exactly want has passed since began.
func took(t *testing.T, began time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(began); got != want {
		t.Errorf("took %v, want %v", got, want)
	}
}

// complete checks that a search ended with an answer, without an error or degradation.
func complete(t *testing.T, o *planner.Outcome) {
	t.Helper()
	if o.Stop != planner.StopComplete || o.Answer == "" || o.Err != nil || len(o.Degraded) > 0 {
		t.Errorf("outcome is not complete: %v", o)
	}
}

// solution returns a whole solution with an answer.
func solution(answer string) policy.Child {
	text := fmt.Sprintf("A:%s\n", answer)
	return policy.Child{Steps: []reasoning.Step{{Text: text, Tokens: len(text)}}, Finish: reasoning.FinishEnd}
}

// after returns a policy whose children have their ordinals as answers, each after its delay.
func after(delays ...time.Duration) *policytest.Script {
	return &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
		return policytest.Reply{Child: solution(fmt.Sprint(ordinal)), Delay: delays[ordinal]}
	}}
}

// refused checks an error's code, reason and field.
func refused(t *testing.T, err error, code codes.Code, reason, field string) {
	t.Helper()
	s := status.Convert(err)
	gotReason, gotField := "", ""
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			gotReason = d.Reason
		case *errdetails.BadRequest:
			gotField = d.GetFieldViolations()[0].GetField()
		}
	}
	if s.Code() != code || gotReason != reason || gotField != field {
		t.Errorf("got %v %s field %q: %v, want %v %s field %q", s.Code(), gotReason, gotField, err, code, reason, field)
	}
}
