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

// A second planner on the same store repeats a search without calling a model: with the same
// answer, tree and bill, and without delay.
func TestStoreReplaysASearch(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		store := backend.NewMemory(1 << 20)
		startMesh := func() (m *mesh.Mesh, engine *policytest.Script, scorer *verifiertest.Script) {
			engine, scorer = policytest.Steps(4, 10*time.Second), verifiertest.Steps(time.Second)
			return start(t, s, mesh.Config{Policy: engine, Verifier: scorer, Store: store}), engine, scorer
		}
		first, _, _ := startMesh()
		wantOutcome, wantNodes, wantBill := searchBySeed(t, first, 1)
		if err := first.Close(); err != nil { // also stops its worker
			t.Fatal(err)
		}

		second, engine, scorer := startMesh()
		began := time.Now()
		gotOutcome, gotNodes, gotBill := searchBySeed(t, second, 1)
		took(t, began, 0)
		if n, k := len(engine.Calls()), len(scorer.Calls()); n+k > 0 {
			t.Errorf("the replay made %d policy calls and %d verifier calls, want none", n, k)
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
		searchBySeed(t, second, 2)
		if n, k := len(engine.Calls()), len(scorer.Calls()); n == 0 || k == 0 {
			t.Errorf("another seed made %d policy calls and %d verifier calls, want some of both", n, k)
		}
	})
}

// searchBySeed runs a beam search and returns its outcome, tree and bill.
func searchBySeed(t *testing.T, m *mesh.Mesh, seed uint64) (*planner.Outcome, []planner.Node, reasoning.Bill) {
	t.Helper()
	request := requestFor(beam(8, 4))
	request.Seed = new(reasoning.Seed(seed))
	outcome, events := solve(t, m, request)
	complete(t, outcome)
	last := events[len(events)-1]
	return outcome, nodes(t, m, last.Search), last.Bill
}

// The samples of a difficulty estimate are the first samples of the search: they are
// generated once and billed once.
func TestSamplesOfAnEstimateAreBilledOnce(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		generated := atomic.Int64{}
		engine := policytest.Steps(3, 10*time.Second)
		reply := engine.Reply
		engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			result := reply(r, ordinal)
			for _, s := range result.Child.Steps {
				generated.Add(int64(s.Tokens))
			}
			return result
		}
		m := start(t, s, mesh.Config{Policy: engine, Verifier: verifiertest.Steps(0)})
		request := planner.Request{Problem: "count", Effort: planner.EffortHigh}
		outcome, events := solve(t, m, request)
		complete(t, outcome)

		last := events[len(events)-1]
		search := get(t, m, last.Search)
		t.Logf("plan: %s", search.Plan.Reason)
		bill := last.Bill
		estimated, searched := bill.Difficulty.Generated, bill.Policy.Generated
		if estimated == 0 || searched == 0 || estimated+searched != generated.Load() {
			t.Errorf("the bill has %d tokens of the estimate and %d of the search, want %d together",
				estimated, searched, generated.Load())
		}
		requests := map[string]int{}
		for _, c := range engine.Calls() {
			for _, o := range c.Request.Ordinals {
				requests[fmt.Sprintf("%s/%d", c.Request.Node, o)]++
			}
		}
		for child, n := range requests {
			if n != 1 {
				t.Errorf("child %s was requested %d times, want once", child, n)
			}
		}
		estimates := 0
		for _, e := range events {
			if e.Estimate != nil {
				estimates++
			}
		}
		if estimates == 0 {
			t.Error("no event has an estimate")
		}
		if got := search.Nodes; got < 16 {
			t.Errorf("%d nodes, want at least 16: those of the estimate included", got)
		}
	})
}
