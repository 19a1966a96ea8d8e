package cards

import (
	"testing"

	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

func TestThoughtOf(t *testing.T) {
	step := func(text string, tokens int) reasoning.Step {
		return reasoning.Step{Text: text, Tokens: tokens}
	}
	for name, c := range map[string]struct {
		steps []reasoning.Step
		want  thought
	}{
		"ended by itself": {[]reasoning.Step{step("1+1=2\n", 6), step("#\n", 2), step("A:2\n", 4)},
			thought{tokens: 8}},
		"cut within a line": {[]reasoning.Step{step("1+1=\n", 4), step("#\n", 0), step("A:2\n", 2)},
			thought{tokens: 4, cut: true}},
		"cut at a line": {[]reasoning.Step{step("1+1=2\n", 6), step("#\n", 0), step("A:2\n", 2)},
			thought{tokens: 6, cut: true}},
		"a Wait of its own": {[]reasoning.Step{step("Wait\n", 5), step("#\n", 2), step("A:2\n", 4)},
			thought{tokens: 7, own: true}},
		"a forced Wait": {[]reasoning.Step{step("Wait\n", 2), step("#\n", 2), step("A:2\n", 4)},
			thought{tokens: 4}},
		"a limit cut the child": {[]reasoning.Step{step("1+1=2\n", 6), step("1+", 2)},
			thought{tokens: 8, cut: true}},
	} {
		if got := thoughtOf(planner.Node{Steps: c.steps}); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// Budget forcing through the mesh keeps its budget, and forces the requested Waits.
func TestThinkerIsForcedThroughTheMesh(t *testing.T) {
	thinker, base := startSolver(t, "pocket-thinker"), startSolver(t, baseModel)
	ps, err := perStep(problems.Validation, 1, 13)
	if err != nil {
		t.Fatal(err)
	}
	c := Thinker{comparison: comparison{Seed: 13}, Budgets: []int{10}, Waits: []int{0, 1}}
	f, err := c.measure(t.Context(), thinker, base, ps)
	if err != nil {
		t.Fatal(err)
	}
	cut, natural, waited := f.Runs[0], f.Runs[1], f.Runs[2]
	if cut.Tokens > 10 || cut.Cut < 0.5 {
		t.Errorf("at most 10 tokens: %.1f tokens, cut %.2f", cut.Tokens, cut.Cut)
	}
	if natural.Cut != 0 || natural.Tokens <= cut.Tokens || natural.Own == 0 {
		t.Errorf("without a budget: %+v", natural)
	}
	if waited.Tokens <= natural.Tokens || waited.Own != natural.Own {
		t.Errorf("with one Wait %+v, without %+v", waited, natural)
	}
	if len(f.Table.Rows) != 4 || len(f.Scaling.Rows) != 3 || f.Scaling.Rows[0][1] != "100 %" {
		t.Errorf("tables %v and %v", f.Table, f.Scaling)
	}
}
