package cards

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/planner"
)

func TestTrials(t *testing.T) {
	chain := func(chosen string, answers ...string) outcome {
		s := outcome{answer: chosen}
		for _, a := range answers {
			s.nodes = append(s.nodes, planner.Node{Answer: a})
		}
		return s
	}
	p := problems.Problem{Answer: "7"}
	all := trials{problems: []problems.Problem{p, p}, seeds: [][]outcome{
		{chain("7", "7", "8", "7"), chain("8", "8", "8", "9")},
		{chain("", "", "", "7"), chain("7", "7", "7", "7")},
	}}
	for name, c := range map[string]struct{ got, want []float64 }{
		"chosen":      {all.chosen(), []float64{0.5, 0.5}},
		"first":       {all.attempt(0), []float64{0.5, 0.5}},
		"last":        {all.attempt(2), []float64{1, 0.5}},
		"sampled":     {all.sampled(), []float64{(2.0/3 + 1.0/3) / 2, 0.5}},
		"differences": {minus(all.attempt(2), all.attempt(0)), []float64{0.5, 0}},
	} {
		if diff := cmp.Diff(c.got, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
	var r reviserResult
	right, wrong := r.follow(all)
	// Right are 7→8, 7→7 and 7→7; wrong 8→7, 8→8, 8→9, ""→"" and ""→7.
	if right != 3 || wrong != 5 || r.RightToWrong.Mean != 1.0/3 || r.WrongToRight.Mean != 2.0/5 || r.WrongToSame.Mean != 2.0/5 {
		t.Errorf("%d right and %d wrong, %+v", right, wrong, r)
	}
}

// A chain of the mesh has the requested number of attempts, and the same searches have the same figures.
func TestReviserRevisesThroughTheMesh(t *testing.T) {
	reviser, base := startSolver(t, "pocket-reviser"), startSolver(t, baseModel)
	ps, err := perStep(problems.Validation, 1, 13)
	if err != nil {
		t.Fatal(err)
	}
	c := Reviser{comparison: comparison{Seed: 13}, Chains: 1, Length: 2, Temperature: 0.8}
	r, err := c.measure(t.Context(), reviser, base, ps)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Attempts) != 2 || len(r.Table.Rows) != 3 || r.RightToWrong.N+r.WrongToRight.N != len(ps) {
		t.Errorf("measured %+v", r)
	}
	again, err := c.measure(t.Context(), reviser, base, ps)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("the same searches again (-first +second):\n%s", diff)
	}
}
