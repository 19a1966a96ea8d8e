package mesh_test

import (
	"context"
	"fmt"
	"io"
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
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// start starts a mesh in the bubble, until the end of the test. Its workers pull
// when this returns.
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

// A worker is a policy worker with a connection of its own.
type worker struct {
	nc    *nats.Conn
	stop  context.CancelFunc
	ended chan error
}

// startWorker starts a worker until the end of the test.
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
	w, err := policyqueue.NewWorker(nc, p, policyqueue.Config{Model: model}, policyqueue.WorkerConfig{Name: name, Slots: 16})
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

// crash ends the worker as a power cut does: it says nothing to anybody.
func (w *worker) crash() {
	w.nc.Close()
	w.stop()
}

// wire returns the planner's gRPC client.
func wire(m *mesh.Mesh) plannerv1.PlannerServiceClient {
	return plannerv1.NewPlannerServiceClient(m.PlannerConn)
}

// majority waits for all its samples.
func majority(n int32) *plannerv1.Strategy {
	return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Majority{Majority: &plannerv1.Majority{N: n, Exhaustive: true}}}
}

func bestOf(n int32) *plannerv1.Strategy {
	return &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: n}}}
}

func beam(n, m int32) *plannerv1.Strategy {
	return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{N: n, M: &m}}}
}

func ask(s *plannerv1.Strategy) *plannerv1.SolveRequest {
	return &plannerv1.SolveRequest{Spec: &plannerv1.SearchSpec{Problem: "count", Strategy: s}}
}

// A receiver is a Solve or WatchSearch stream.
type receiver[R interface{ GetEvent() *plannerv1.SearchEvent }] interface{ Recv() (R, error) }

// drain is all events until the stream's end.
func drain[R interface{ GetEvent() *plannerv1.SearchEvent }](stream receiver[R], err error) (events []*plannerv1.SearchEvent, _ error) {
	for err == nil {
		var response R
		if response, err = stream.Recv(); err == nil {
			events = append(events, response.GetEvent())
		}
	}
	if err == io.EOF {
		err = nil
	}
	return events, err
}

// solve follows a search to its end.
func solve(t *testing.T, m *mesh.Mesh, r *plannerv1.SolveRequest) (*plannerv1.Outcome, []*plannerv1.SearchEvent) {
	t.Helper()
	events, err := drain(wire(m).Solve(context.Background(), r))
	if err != nil {
		t.Fatal(err)
	}
	return events[len(events)-1].GetOutcome(), events
}

// watch follows a search from a number to its end.
func watch(t *testing.T, m *mesh.Mesh, id string, after int64) []*plannerv1.SearchEvent {
	t.Helper()
	events, err := drain(wire(m).WatchSearch(context.Background(), &plannerv1.WatchSearchRequest{SearchId: id, AfterSequence: after}))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// begin starts a search and returns its id and its stream's end.
func begin(t *testing.T, m *mesh.Mesh, r *plannerv1.SolveRequest) (id string, leave func()) {
	t.Helper()
	ctx, leave := context.WithCancel(context.Background())
	stream, err := wire(m).Solve(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	response, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leave)
	return response.GetEvent().GetSearchId(), leave
}

func get(t *testing.T, m *mesh.Mesh, id string) *plannerv1.Search {
	t.Helper()
	response, err := wire(m).GetSearch(context.Background(), &plannerv1.GetSearchRequest{SearchId: id})
	if err != nil {
		t.Fatal(err)
	}
	return response.GetSearch()
}

func nodes(t *testing.T, m *mesh.Mesh, id string) []*plannerv1.Node {
	t.Helper()
	response, err := wire(m).ListNodes(context.Background(), &plannerv1.ListNodesRequest{SearchId: id, PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return response.GetNodes()
}

// took checks the time since began, exactly.
func took(t *testing.T, began time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(began); got != want {
		t.Errorf("took %v, want %v", got, want)
	}
}

// complete checks that a search found all that it looked for.
func complete(t *testing.T, o *plannerv1.Outcome) {
	t.Helper()
	if o.GetStopReason() != plannerv1.StopReason_STOP_REASON_COMPLETE || o.GetAnswer() == "" || o.GetError() != nil || len(o.GetDegraded()) > 0 {
		t.Errorf("outcome is not complete: %v", o)
	}
}

// says is a whole solution with this answer.
func says(answer string) policy.Child {
	text := fmt.Sprintf("A:%s\n", answer)
	return policy.Child{Steps: []reasoning.Step{{Text: text, Tokens: len(text)}}, Finish: reasoning.FinishEnd}
}

// after is a Script whose children say their ordinals, each after its delay.
func after(delays ...time.Duration) *policytest.Script {
	return &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
		return policytest.Reply{Child: says(fmt.Sprint(ordinal)), Delay: delays[ordinal]}
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
			gotReason = d.GetReason()
		case *errdetails.BadRequest:
			gotField = d.GetFieldViolations()[0].GetField()
		}
	}
	if s.Code() != code || gotReason != reason || gotField != field {
		t.Errorf("got %v %s field %q: %v, want %v %s field %q", s.Code(), gotReason, gotField, err, code, reason, field)
	}
}
