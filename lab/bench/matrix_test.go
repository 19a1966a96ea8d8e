package bench

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// matrixResults returns results of a beam and a greedy arm on two problems with two seeds.
// The beam is right on b with the first seed only.
func matrixResults() (h Header, beam, greedy Arm, all []Result) {
	h = Header{Seeds: []uint64{1, 2}, Verifier: verifier.RewardModel{Model: reasoning.Model{Parameters: 10}},
		Problems: profile.Problems{Count: 2}}
	beam, greedy = Arm{N: 2, Strategy: search.NewBeam(2)}, Arm{Kind: KindEstimated, N: 1, Strategy: search.Greedy{}}
	for _, p := range []problemset.Problem{{ID: "b", Steps: 1}, {ID: "a", Steps: 2}} {
		for _, seed := range h.Seeds {
			r := Result{Problem: p.ID, Steps: p.Steps, Seed: seed, Arm: beam, Outcome: Outcome{
				Right: p.ID == "b" && seed == 1, Tokens: Tokens{1, 2, 3, 4, 5}, FLOPs: FLOPs{1000, 200, 0},
			}}
			all = append(all, r)
			r.Arm, r.Estimate, r.FLOPs = greedy, &Estimate{Rate: 0.5, Generated: 7, Verifier: 3}, FLOPs{1000, 200, 100}
			all = append(all, r)
		}
	}
	return h, beam, greedy, all
}

func TestMatrix(t *testing.T) {
	h, beam, greedy, all := matrixResults()
	m := NewMatrix(h, all, ByID)
	if err := m.Complete(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(m.Problems, []problemset.Problem{{ID: "a", Steps: 2}, {ID: "b", Steps: 1}}); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	row, ok := m.Row(beam)
	if diff := cmp.Diff(row.Right, []float64{0, 0.5}); diff != "" || !ok {
		t.Errorf("right (-got +want):\n%s", diff)
	}
	if want := (Tokens{4, 8, 12, 16, 20}); row.Tokens() != want || row.FLOPs() != 4800 {
		t.Errorf("got %+v and %v FLOPs, want %+v and 4800", row.Tokens(), row.FLOPs(), want)
	}
	if a := row.Accuracy(); a.Mean != 0.25 || a.N != 2 {
		t.Errorf("accuracy %+v, want 0.25 of 2", a)
	}
	if want := (Cost{Generated: 1, Prompt: 2, Cached: 3, Verifier: 4, VerifierCached: 5, FLOPs: 1200,
		VerifierFLOPs: 200}); row.Costs[0] != want {
		t.Errorf("cost %+v, want %+v", row.Costs[0], want)
	}
	row, _ = m.Row(greedy)
	if c := row.Costs[1]; c.FLOPs != 1300 || c.VerifierFLOPs != 260 { // 2 × 10 parameters × 3 tokens of the estimate
		t.Errorf("after an estimate: %+v, want 1300 FLOPs, the verifier's 260", c)
	}
	if want, got := (Cost{Generated: 7, Verifier: 3, FLOPs: 100,
		VerifierFLOPs: 60}), all[1].EstimateCost(h); got != want {
		t.Errorf("the estimate's cost %+v, want %+v", got, want)
	}
	if some := m.Select(greedy, Arm{Kind: KindPlanned, N: 9}); len(some.Rows) != 1 || some.Rows[0].Arm != greedy {
		t.Errorf("selected greedy: %+v", some.Rows)
	}
}

func TestMatrixOrders(t *testing.T) {
	h, _, _, all := matrixResults()
	for name, c := range map[string]struct {
		order func(a, b problemset.Problem) int
		want  []string
	}{
		"by id":    {ByID, []string{"a", "b"}},
		"by steps": {BySteps, []string{"b", "a"}},
		"of a set": {OrderOf([]problemset.Problem{{ID: "b"}, {ID: "a"}}), []string{"b", "a"}},
	} {
		var ids []string
		for _, p := range NewMatrix(h, all, c.order).Problems {
			ids = append(ids, p.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
}

func TestIncompleteMatrices(t *testing.T) {
	h, beam, _, all := matrixResults()
	one := slices.DeleteFunc(slices.Clone(all), func(r Result) bool { return r.Arm != beam || r.Seed != 1 })
	first := h
	first.Seeds = []uint64{1}
	for name, c := range map[string]struct {
		header  Header
		results []Result
		want    string
	}{
		"a result is missing":                 {h, all[1:], "arm beam 2 has 3 of 4 results"},
		"a whole problem is missing":          {h, all[:4], "arm beam 2 has 2 of 4 results"},
		"one arm and one seed, interrupted":   {first, one[:1], "arm beam 2 has 1 of 2 results"},
		"interrupted before the first result": {h, nil, "no results of 2 problems with 2 seeds"},
	} {
		err := NewMatrix(c.header, c.results, ByID).Complete()
		if err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "ponder bench resume") {
			t.Errorf("%s: error %v, want %q and the remedy", name, err, c.want)
		}
	}
	if err := NewMatrix(first, one, ByID).Complete(); err != nil {
		t.Errorf("one arm and one seed, all problems: %v", err)
	}
}
