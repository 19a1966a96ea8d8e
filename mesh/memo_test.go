package mesh_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A second planner on the same store repeats a search without asking any engine: the
// same answer, tree and bill, in no time.
func TestSecondPlannerOnTheSameStore(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		store := backend.NewMemory(1 << 20)
		run := func() (m *mesh.Mesh, engine *policytest.Script, judge *verifiertest.Script) {
			engine, judge = policytest.Steps(4, 10*time.Second), verifiertest.Steps(time.Second)
			return start(t, s, mesh.Config{Policy: engine, Verifier: judge, Store: store}), engine, judge
		}
		one, _, _ := run()
		wantOutcome, wantNodes, wantBill := repeat(t, one, 1)
		if err := one.Close(); err != nil { // its worker, too
			t.Fatal(err)
		}

		two, engine, judge := run()
		began := time.Now()
		gotOutcome, gotNodes, gotBill := repeat(t, two, 1)
		took(t, began, 0)
		if n, k := len(engine.Calls()), len(judge.Calls()); n+k > 0 {
			t.Errorf("the engine was asked %d times, the judge %d", n, k)
		}
		wantOutcome.Elapsed, gotOutcome.Elapsed = 0, 0
		for name, diff := range map[string]string{
			"outcome": cmp.Diff(gotOutcome, wantOutcome),
			"tree":    cmp.Diff(gotNodes, wantNodes),
			"bill":    cmp.Diff(gotBill, wantBill),
		} {
			if diff != "" {
				t.Errorf("%s: got -, want +\n%s", name, diff)
			}
		}
		repeat(t, two, 2)
		if n, k := len(engine.Calls()), len(judge.Calls()); n == 0 || k == 0 {
			t.Errorf("with another seed the engine was asked %d times, the judge %d", n, k)
		}
	})
}

func repeat(t *testing.T, m *mesh.Mesh, seed uint64) (*planner.Outcome, []planner.Node, reasoning.Bill) {
	t.Helper()
	request := ask(beam(8, 4))
	request.Seed = new(reasoning.Seed(seed))
	outcome, events := solve(t, m, request)
	complete(t, outcome)
	last := events[len(events)-1]
	return outcome, nodes(t, m, last.Search), last.Bill
}

// The probe's samples are the search's own: written once, paid once.
func TestProbeIsPaidOnce(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		written := atomic.Int64{}
		engine := policytest.Steps(3, 10*time.Second)
		say := engine.Reply
		engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			line := say(r, ordinal)
			for _, s := range line.Child.Steps {
				written.Add(int64(s.Tokens))
			}
			return line
		}
		m := start(t, s, mesh.Config{Policy: engine, Verifier: verifiertest.Steps(0)})
		request := planner.Request{Problem: "count", Effort: planner.EffortHigh}
		outcome, events := solve(t, m, request)
		complete(t, outcome)

		last := events[len(events)-1]
		search := get(t, m, last.Search)
		t.Logf("plan: %s", search.Plan.Reason)
		probed, searched := last.Bill.Difficulty.Generated, last.Bill.Policy.Generated
		if probed == 0 || searched == 0 || probed+searched != written.Load() {
			t.Errorf("the bill has %d tokens of the probe and %d of the search, written were %d", probed, searched, written.Load())
		}
		asked := map[string]int{}
		for _, c := range engine.Calls() {
			for _, o := range c.Request.Ordinals {
				asked[fmt.Sprintf("%s/%d", c.Request.Node, o)]++
			}
		}
		for child, n := range asked {
			if n != 1 {
				t.Errorf("child %s was asked for %d times", child, n)
			}
		}
		estimates := 0
		for _, e := range events {
			if e.Estimate != nil {
				estimates++
			}
		}
		if estimates == 0 {
			t.Error("no event has the estimate")
		}
		if got := search.Nodes; got < 16 {
			t.Errorf("%d nodes, want those of the probe, too", got)
		}
	})
}
