package search

import (
	"errors"
	"slices"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// threeLevels returns a backend of solutions of three steps, for nodes of two children.
func threeLevels() scripted {
	return byScore(3, map[string]float64{
		"0": 0.6, "1": 0.4,
		"0.0": 0.7, "0.1": 0.5, "1.0": 0.6, "1.1": 0.3,
		"0.0.0": 0.8, "0.0.1": 0.1, "0.1.0": 0.9, "0.1.1": 0.4,
		"1.0.0": 0.2, "1.0.1": 0.3, "1.1.0": 0.5, "1.1.1": 0.6,
	})
}

// newMCTS returns an MCTS of n simulations, one at a time, with two children per node.
func newMCTS(n int, exploration float64, final Final) MCTS {
	return MCTS{N: n, Width: 2, Parallel: 1, Exploration: exploration, Final: final, MaxLevels: 40}
}

// "UCT  Q + c·√(ln V_parent / V)" (Hao et al. 2023, §3.3): five simulations by hand. Unexplored
// children come first, best first.
//
//	1: 0, 0.0, 0.0.0, all unexplored: value 0.8
//	2: 1 is unexplored, 1.0, 1.0.1: 0.3
//	3: 0 is 0.8+√ln3 and 1 is 0.3+√ln3: 0; 0.1 is unexplored, 0.1.0: 0.9
//	4: 0 is 0.85+√(ln4/2) = 1.68 and 1 is 0.3+√ln4 = 1.48: 0;
//	   0.0 is 0.8+√ln3 and 0.1 is 0.9+√ln3: 0.1; 0.1.1: 0.4
//	5: 0 is 0.7+√(ln5/3) = 1.43 and 1 is 0.3+√ln5 = 1.57: 1; 1.1 is unexplored, 1.1.1: 0.6
func TestUCT(t *testing.T) {
	expanded := []string{"", "0", "0.0", "1", "1.0", "0.1", "1.1"}
	for n, first := range map[int]int{1: 3, 2: 5, 3: 6, 4: 6, 5: 7} {
		b := threeLevels()
		mustRun(t, b, newMCTS(n, 1, FinalVote))
		wantEqual(t, "expanded nodes, in order", b.expanded(), expanded[:first])
	}
	// With exploration 0 the fifth simulation goes to 0, whose mean value is 0.7.
	b := threeLevels()
	mustRun(t, b, newMCTS(5, 0, FinalVote))
	wantEqual(t, "expanded nodes with exploration 0", b.expanded(), expanded[:6])
}

// "The value of a simulation is that of the solution it ends in", and counts at every node of its
// path (back-propagation, Hao et al. 2023, §3.3). Of the five simulations above, three pass
// through 0, with a mean value of 0.7, and two through 1, with 0.45; two through 0.1, with 0.65,
// and one through 0.0, with 0.8; one through 0.1.0, with 0.9, and one through 0.1.1, with 0.4.
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

// "PUCT  Q + c(V_parent)·P·√V_parent / (V + 1)", where Q is "before the first: its own score" and
// "c(V) in PUCT is Exploration · (ln((V + 19653) / 19652) + 1.25)" (as in OpenR, arXiv
// 2410.09671). Two simulations by hand, with P = 0.2 and 0.8:
//
//	1: 0 is 0.5+1.25×0.2 = 0.75 and 1 is 0.5+1.25×0.8 = 1.5: 1, of value 0.1
//	2: 0 is 0.5+1.25×0.2×√2 = 0.85 and 1 is 0.1+1.25×0.8×√2/2 = 0.81: 0
func TestPUCT(t *testing.T) {
	specs := map[string]spec{
		"0": {logProb: -1.6094}, "1": {logProb: -0.2231}, "1.0": {score: 0.1}, "1.1": {score: 0.1},
	}
	for exploration, want := range map[float64][]string{
		1: {"", "1", "0"},
		2: {"", "1"}, // 0 is 0.5+0.71 and 1 is 0.1+1.41: 1 again, whose children are ends
		0: {"", "0"}, // both are 0.5, and 0.5 again: the first of equals
	} {
		s := newMCTS(2, exploration, FinalVote)
		s.PUCT = true
		b := bySpec(2, func(id string) spec { return specs[id] })
		mustRun(t, b, s)
		wantEqual(t, "expanded nodes", b.expanded(), want)
	}
}

// "P is the policy's probability of the step, normalised by its length", as in OpenR.
func TestPUCTPriorIsNormalised(t *testing.T) {
	b := bySpec(2, func(id string) spec {
		// 1 is less likely than 0 as a whole, and more likely by token.
		return map[string]spec{"0": {logProb: -0.6, tokens: 1}, "1": {logProb: -1, tokens: 2}}[id]
	})
	s := newMCTS(1, 1, FinalVote)
	s.PUCT = true
	mustRun(t, b, s)
	wantEqual(t, "expanded nodes", b.expanded(), []string{"", "1"})
}

// "so that concurrent simulations select other nodes" (virtual loss, Chaslot et al. 2008): two
// concurrent simulations select different nodes, two sequential ones do not.
func TestMCTSVirtualLoss(t *testing.T) {
	for parallel, want := range map[int][]string{1: {"", "0"}, 2: {"", "0", "1"}} {
		b := byScore(2, map[string]float64{"0": 0.8, "1": 0.4, "0.0": 0.8})
		s := newMCTS(2, 0, FinalVote)
		s.PUCT, s.Parallel = true, parallel
		mustRun(t, b, s)
		got := b.expanded()
		slices.Sort(got) // nodes of a batch are expanded at the same time
		wantEqual(t, "expanded nodes", got, want)
	}
}

// A simulation that ends at the same node as an earlier one costs nothing.
func TestMCTSRevisitsEnds(t *testing.T) {
	b := byScore(2, map[string]float64{"0": 0.9})
	s := newMCTS(20, 0, FinalVote)
	s.PUCT = true
	mustRun(t, b, s)
	wantEqual(t, "expanded nodes", b.expanded(), []string{"", "0"})
}

// "and 0 if a token limit cut that solution", even if its own score is the best.
func TestMCTSCutSolutionHasValueZero(t *testing.T) {
	b := bySpec(1, func(id string) spec {
		return map[string]spec{"0": {score: 0.9, finish: reasoning.FinishLength}, "1": {score: 0.2}}[id]
	})
	tree := mustRun(t, b, newMCTS(4, 1, FinalValue))
	wantEqual(t, "solutions", idsOf(slices.Collect(tree.Solutions())...), []string{"1"})
}

// "Rollout values a newly expanded node by one whole solution sampled from the child that
// selection picks" (called simulation in Hao et al. 2023, §3.3).
func TestMCTSRollout(t *testing.T) {
	b := threeLevels()
	s := newMCTS(2, 1, FinalVote)
	s.Rollout = true
	tree := mustRun(t, b, s)
	var requested []string
	for _, c := range b.Calls() {
		r := c.Request
		if whole := r.Span == policy.Whole; whole != (len(r.Ordinals) == 1) || r.Sampling.Temperature != 1 {
			t.Errorf("node %q: requested %d children, whole %t, at temperature %v",
				r.Node, len(r.Ordinals), whole, r.Sampling.Temperature)
		}
		requested = append(requested, r.Node)
	}
	// The first simulation expands the root and samples from 0. The second goes to 1, which is
	// unexplored, expands it and samples from its best child.
	wantEqual(t, "nodes of the requests", requested, []string{"", "0", "1", "1.0"})
	wantEqual(t, "solutions", idsOf(slices.Collect(tree.Solutions())...), []string{"0.0", "1.0.0"})
	s.Final = FinalValue
	best := mustRun(t, threeLevels(), s)
	wantEqual(t, "best", idsOf(slices.Collect(best.Solutions())...), []string{"0.0"})
}

// "At an open node that is not expanded the simulation expands it: Width children are generated
// and scored", at most MaxLevels times.
func TestMCTSWidthAndLevels(t *testing.T) {
	s := MCTS{N: 8, Width: 3, Parallel: 2, Exploration: 1, Final: FinalVote, MaxLevels: 2}
	tree := mustRun(t, byScore(9, nil), s)
	for n := range tree.Nodes() {
		if !n.Scored || n.Depth > 2 || n.Depth == 2 && !n.Done() || len(n.Children) != 0 && len(n.Children) != 3 {
			t.Errorf("node %s at depth %d: scored %t, %v, %d children", n.ID, n.Depth, n.Scored, n.State, len(n.Children))
		}
	}
	wantEqual(t, "levels", levelSizes(tree), []int{3, 9})
}

// "If an expansion fails, its simulations end with value 0; a second failure in a row, or one at
// the root, ends the search."
func TestMCTSExpansionFails(t *testing.T) {
	broke := errors.New("engine broke")
	runWithout := func(failing ...string) (*Tree, error) {
		tree := New(bySpec(2, func(id string) spec {
			if slices.Contains(failing, id) {
				return spec{fails: broke}
			}
			return spec{}
		}), newProblem(combination))
		_, err := Run(t.Context(), tree, newMCTS(4, 1, FinalVote))
		return tree, err
	}
	tree, err := runWithout("0.0") // and its later sibling, which fails with its batch
	if err != nil || len(slices.Collect(tree.Solutions())) != 2 {
		t.Errorf("one expansion fails: got error %v and solutions %v, want those below 1",
			err, idsOf(slices.Collect(tree.Solutions())...))
	}
	if _, err := runWithout("0.0", "1.0"); !errors.Is(err, broke) {
		t.Errorf("two fail in a row: got error %v", err)
	}
	if _, err := runWithout("0"); !errors.Is(err, broke) {
		t.Errorf("the root's fails: got error %v", err)
	}
}
