package mesh_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// The strategy of a search goes with its work through the queue to the worker, and over the stream to the verifier. What
// the client sends in its place has no effect.
func TestStrategyReachesWorkerAndVerifier(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{
			Policy: distinct(), Verifier: verifiertest.Steps(time.Second), Telemetry: p,
		})
		ctx := metadata.AppendToOutgoingContext(t.Context(), "baggage", names.Strategy+"=greedy,team=a")
		search, err := m.Planner.Create(ctx, requestFor(beam(4, 2)))
		if err != nil {
			t.Fatal(err)
		}
		watch(t, m, planner.Ref{Tenant: search.Request.Tenant, ID: search.ID}, 0)
	})
	metrics, file := telemetrytest.Finish(t, p)
	for _, phase := range []string{"queue", "generate", "score"} {
		all := regexp.MustCompile(`ponder_phase_duration_seconds_count\{depth="2",model="\w+",phase="`+phase+`",strategy="([^"]+)"\} (\d+)`).
			FindAllStringSubmatch(metrics, -1)
		if len(all) != 1 || all[0][1] != "beam" {
			t.Errorf("depth 2, %s: %q, want one series, of beam", phase, all)
		}
	}
	if !strings.Contains(metrics, `ponder_search_progress_age_seconds 0.0`) {
		t.Error("an ended search has an age")
	}
	if len(file) == 0 {
		t.Error("there is no trace")
	}
}

// A repeated search finds its results in the memo; a verifier that is busy once is called again; what is refused before
// and after the message is decoded is counted.
func TestMemoRetriesAndRefusalsAreCounted(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		scores, busy := verifiertest.Steps(time.Second), true
		reply := scores.Reply
		scores.Reply = func(r verifier.Request) verifiertest.Reply {
			if busy {
				busy = false
				return verifiertest.Reply{Err: reasoning.ErrOverloaded}
			}
			return reply(r)
		}
		m := start(t, s, mesh.Config{Policy: distinct(), Verifier: scores, Telemetry: p})
		for range 2 {
			outcome, _ := solve(t, m, requestFor(beam(4, 2)))
			complete(t, outcome)
		}
		if _, err := m.Planner.Create(t.Context(), requestFor(beam(5, 2))); err == nil {
			t.Error("a beam of 5 with width 2 is accepted")
		}
		malformed := &plannerv1.CreateSearchRequest{Spec: &plannerv1.SearchSpec{Problem: "p", Effort: 99}}
		if _, err := wire(m).CreateSearch(t.Context(), malformed); err == nil {
			t.Error("an unknown effort is accepted")
		}
	})
	metrics, _ := telemetrytest.Finish(t, p)
	for _, line := range []string{
		`ponder_memo_results_total{kind="child",result="miss"} 8.0`, `ponder_memo_results_total{kind="child",result="hit"} 8.0`,
		`ponder_memo_results_total{kind="score",result="miss"} 8.0`, `ponder_memo_results_total{kind="score",result="hit"} 8.0`,
		`ponder_call_retries_total{reason="overloaded",service="verifier"} 1.0`,
		`ponder_phase_failures_total{model="unknown",outcome="overloaded",phase="score",strategy="beam"} 1.0`, // no score has told the model yet
		`ponder_searches_refused_total{reason="invalid"} 2.0`,
		`ponder_searches_total{degraded="false",state="succeeded",strategy="beam"} 2.0`,
		`ponder_children_total{model="script",outcome="ok",strategy="beam"} 8.0`, // those in the memo are not requested
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}
