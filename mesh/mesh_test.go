package mesh_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// start starts a mesh in the bubble.
func start(t *testing.T, s *natsd.Server, c mesh.Config) *mesh.Mesh {
	t.Helper()
	c.Connect = func(name string) (*nats.Conn, error) { return s.Connect(name) }
	m, err := mesh.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// solve follows a search to its end and returns its outcome, and all events.
func solve(t *testing.T, m *mesh.Mesh, r *plannerv1.SolveRequest) (*plannerv1.Outcome, []*plannerv1.SearchEvent) {
	t.Helper()
	stream, err := m.Planner.Solve(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var events []*plannerv1.SearchEvent
	for {
		response, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, response.GetEvent())
	}
	return events[len(events)-1].GetOutcome(), events
}

func TestBestOf16OverTenSecondStepsTakesOneStepsTime(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{Policy: policytest.Steps(1, 10*time.Second), Verifier: verifiertest.Steps(0)})
		began := time.Now()
		outcome, _ := solve(t, m, &plannerv1.SolveRequest{
			Problem:  "count",
			Strategy: &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: 16}}},
		})
		if got, want := time.Since(began), 10*time.Second; got != want {
			t.Errorf("took %v, want %v", got, want)
		}
		if outcome.GetStopReason() != plannerv1.StopReason_STOP_REASON_COMPLETE {
			t.Errorf("outcome %v", outcome)
		}
	})
}
