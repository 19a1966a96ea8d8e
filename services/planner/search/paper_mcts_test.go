package search

import (
	"errors"
	"slices"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// bush is a world for walks: solutions have three steps, and each node has two children.
func threeLevels() scripted {
	return byScore(3, map[string]float64{
		"0": 0.6, "1": 0.4,
		"0.0": 0.7, "0.1": 0.5, "1.0": 0.6, "1.1": 0.3,
		"0.0.0": 0.8, "0.0.1": 0.1, "0.1.0": 0.9, "0.1.1": 0.4, "1.0.0": 0.2, "1.0.1": 0.3, "1.1.0": 0.5, "1.1.1": 0.6,
	})
}

func newMCTS(n int, exploration float64, final Final) MCTS {
	return MCTS{N: n, Width: 2, Parallel: 1, Exploration: exploration, Final: final, MaxLevels: 40}
}

// "UCT  Q + c·√(ln V_parent / V)": five walks by hand. Children that are not explored
// come first, the best of them first.
//
//	1: 0, 0.0, 0.0.0, all unexplored: value 0.8
//	2: 1 is unexplored, 1.0, 1.0.1: 0.3
//	3: 0 is 0.8+√ln3 and 1 is 0.3+√ln3: 0; 0.1 is unexplored, 0.1.0: 0.9
//	4: 0 is 0.85+√(ln4/2) = 1.68 and 1 is 0.3+√ln4 = 1.48: 0; 0.0 is 0.8+√ln3 and 0.1 is 0.9+√ln3: 0.1; 0.1.1: 0.4
//	5: 0 is 0.7+√(ln5/3) = 1.43 and 1 is 0.3+√ln5 = 1.57: 1; 1.1 is unexplored, 1.1.1: 0.6
func TestUCT(t *testing.T) {
	expanded := []string{"", "0", "0.0", "1", "1.0", "0.1", "1.1"}
	for n, want := range map[int][]string{1: expanded[:3], 2: expanded[:5], 3: expanded[:6], 4: expanded[:6], 5: expanded} {
		w := threeLevels()
		mustRun(t, w, newMCTS(n, 1, FinalVote))
		wantEqual(t, "expanded nodes, in order", w.expanded(), want)
	}
	// Without exploring the fifth walk goes to 0, which is worth 0.7 on average.
	w := threeLevels()
	mustRun(t, w, newMCTS(5, 0, FinalVote))
	wantEqual(t, "expanded nodes without exploring", w.expanded(), expanded[:6])
}

// "Its value is that of the solution it ends in", counted at every node of its path: of
// the five walks above 0 has three, of mean value 0.7, and 1 has two, of 0.45; 0.1 has two,
// of 0.65, and 0.0 one, of 0.8; 0.1.0 and 0.1.1 have one each, of 0.9 and 0.4.
func TestMCTSBacksUpValues(t *testing.T) {
	for final, want := range map[Final][]string{FinalVisits: {"0.1.0"}, FinalValue: {"0.0.0"}} {
		tree := mustRun(t, threeLevels(), newMCTS(5, 1, final))
		wantEqual(t, final.String(), idsOf(slices.Collect(tree.Solutions())...), want)
	}
	tree := mustRun(t, threeLevels(), newMCTS(5, 1, FinalVote))
	if got := len(slices.Collect(tree.Solutions())); got != 2*4 {
		t.Errorf("vote: %d solutions, want all 8", got)
	}
}

// "PUCT  Q + c(V_parent)·P·√V_parent / (V + 1)", "Q is (before any: its own score)", "c(V) =
// ln((V + 19653) / 19652) + 1.25 times Exploration". Two walks by hand, of P = 0.2 and 0.8:
//
//	1: 0 is 0.5+1.25×0.2 = 0.75 and 1 is 0.5+1.25×0.8 = 1.5: 1, of value 0.1
//	2: 0 is 0.5+1.25×0.2×√2 = 0.85 and 1 is 0.1+1.25×0.8×√2/2 = 0.81: 0
func TestPUCT(t *testing.T) {
	w := func() scripted {
		return bySpec(2, func(id string) spec {
			m := map[string]spec{"0": {logProb: -1.6094}, "1": {logProb: -0.2231}, "1.0": {worth: 0.1}, "1.1": {worth: 0.1}}[id]
			return m
		})
	}
	for exploration, want := range map[float64][]string{
		1: {"", "1", "0"},
		2: {"", "1"}, // 0 is 0.5+0.71 and 1 is 0.1+1.41: 1 again, to an end of which all is known
		0: {"", "0"}, // 0.5 each at first, and 0.5 to 0.5 again: the first of equals
	} {
		s := newMCTS(2, exploration, FinalVote)
		s.PUCT = true
		w := w()
		mustRun(t, w, s)
		wantEqual(t, "expanded nodes", w.expanded(), want)
	}
}

// "P is the policy's probability of the step, normalised by its length".
func TestPUCTPriorIsNormalised(t *testing.T) {
	w := bySpec(2, func(id string) spec {
		// The whole of 1 is less likely than that of 0, each token of it is more.
		return map[string]spec{"0": {logProb: -0.6, tokens: 1}, "1": {logProb: -1, tokens: 2}}[id]
	})
	s := newMCTS(1, 1, FinalVote)
	s.PUCT = true
	mustRun(t, w, s)
	wantEqual(t, "expanded nodes", w.expanded(), []string{"", "1"})
}

// "so that those beside it look elsewhere (virtual loss)": two walks at a time part, two
// after each other do not.
func TestMCTSVirtualLoss(t *testing.T) {
	for parallel, want := range map[int][]string{1: {"", "0"}, 2: {"", "0", "1"}} {
		w := byScore(2, map[string]float64{"0": 0.8, "1": 0.4, "0.0": 0.8})
		s := newMCTS(2, 0, FinalVote)
		s.PUCT, s.Parallel = true, parallel
		mustRun(t, w, s)
		got := w.expanded()
		slices.Sort(got) // those of a batch are asked for at the same time
		wantEqual(t, "expanded nodes", got, want)
	}
}

// A walk may end where others have: at an end of which all is known. It costs nothing.
func TestMCTSRevisitsEnds(t *testing.T) {
	w := byScore(2, map[string]float64{"0": 0.9})
	s := newMCTS(20, 0, FinalVote)
	s.PUCT = true
	mustRun(t, w, s)
	wantEqual(t, "expanded nodes", w.expanded(), []string{"", "0"})
}

// "and 0 where a limit cut it": though its own score is the best.
func TestMCTSCutIsWorthNothing(t *testing.T) {
	w := bySpec(1, func(id string) spec {
		return map[string]spec{"0": {worth: 0.9, finish: reasoning.FinishLength}, "1": {worth: 0.2}}[id]
	})
	wantEqual(t, "solutions", idsOf(slices.Collect(mustRun(t, w, newMCTS(4, 1, FinalValue)).Solutions())...), []string{"1"})
}

// "Rollout values a newly expanded node by one whole solution sampled from its best child".
func TestMCTSRollout(t *testing.T) {
	w := threeLevels()
	s := newMCTS(2, 1, FinalVote)
	s.Rollout = true
	tree := mustRun(t, w, s)
	var asked []string
	for _, c := range w.Calls() {
		r := c.Request
		if whole := r.Span == policy.Whole; whole != (len(r.Ordinals) == 1) || r.Sampling.Temperature != 1 {
			t.Errorf("node %q: asked for %d children, whole %t, at temperature %v", r.Node, len(r.Ordinals), whole, r.Sampling.Temperature)
		}
		asked = append(asked, r.Node)
	}
	// The first walk expands the root and samples from 0; the second finds 1 unexplored.
	// Expanding 1 it goes on to its best child, and samples from that.
	wantEqual(t, "asked for", asked, []string{"", "0", "1", "1.0"})
	wantEqual(t, "solutions", idsOf(slices.Collect(tree.Solutions())...), []string{"0.0", "1.0.0"})
	s.Final = FinalValue
	best := mustRun(t, threeLevels(), s)
	wantEqual(t, "best", idsOf(slices.Collect(best.Solutions())...), []string{"0.0"})
}

// "At an open node that is not expanded the walk has Width children written and judged",
// and at most MaxLevels times.
func TestMCTSWidthAndLevels(t *testing.T) {
	s := MCTS{N: 8, Width: 3, Parallel: 2, Exploration: 1, Final: FinalVote, MaxLevels: 2}
	tree := mustRun(t, byScore(9, nil), s)
	for n := range tree.Nodes() {
		if !n.Scored || n.Depth > 2 || n.Depth == 2 && !n.Done() || len(n.Children) != 0 && len(n.Children) != 3 {
			t.Errorf("node %s at depth %d: judged %t, %v, %d children", n.ID, n.Depth, n.Scored, n.State, len(n.Children))
		}
	}
	wantEqual(t, "levels", levelSizes(tree), []int{3, 9})
}

// "One failure ends the walks that stand there, for value 0; a second in a row, or one at
// the root, ends the search."
func TestMCTSExpansionFails(t *testing.T) {
	broke := errors.New("engine broke")
	failing := func(bad ...string) (*Tree, error) {
		tree := New(bySpec(2, func(id string) spec {
			if slices.Contains(bad, id) {
				return spec{fails: broke}
			}
			return spec{}
		}), newProblem(combination))
		_, err := Run(t.Context(), tree, newMCTS(4, 1, FinalVote))
		return tree, err
	}
	tree, err := failing("0.0") // whose sibling comes later and goes with it
	if err != nil || len(slices.Collect(tree.Solutions())) != 2 {
		t.Errorf("one expansion fails: got error %v and solutions %v, want those below 1", err, idsOf(slices.Collect(tree.Solutions())...))
	}
	if _, err := failing("0.0", "1.0"); !errors.Is(err, broke) {
		t.Errorf("two fail in a row: got error %v", err)
	}
	if _, err := failing("0"); !errors.Is(err, broke) {
		t.Errorf("the root's fails: got error %v", err)
	}
}
