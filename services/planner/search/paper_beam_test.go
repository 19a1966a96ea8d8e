package search

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
)

// Tests of the options of Beam, and of Lookahead and DVTS.

// "Narrow shrinks the beam, which begins with N/M nodes, by one for each finished solution among the
// best of a level" (the code of Liu et al. 2025). Without Narrow "a level has N children".
func TestBeamNarrow(t *testing.T) {
	// The best four are 0 to 3, of which 1 ends; 7 ends and is not among them. On the
	// next level the best three are 0.0, 0.1 and 2.0, of which 2.0 ends.
	scores := map[string]float64{"0": 0.9, "1": 0.8, "2": 0.7, "3": 0.6, "0.0": 0.9, "0.1": 0.8, "2.0": 0.7}
	newBackend := func() scripted {
		return bySpec(3, func(id string) spec {
			s := spec{score: cmp.Or(scores[id], 0.1)}
			if id == "1" || id == "7" || id == "2.0" {
				s.finish = reasoning.FinishEnd
			}
			return s
		})
	}
	narrow := mustRun(t, newBackend(), Beam{N: 8, M: 2, MaxLevels: 40, Narrow: true})
	wantEqual(t, "levels with Narrow", levelSizes(narrow), []int{8, 3 * 2, 2 * 2})
	first, second := levelsOf(narrow)[0], levelsOf(narrow)[1]
	wantEqual(t, "children of its first level", childCounts(first...), map[string]int{"0": 2, "2": 2, "3": 2})
	wantEqual(t, "children of its second level", childCounts(second...), map[string]int{"0.0": 2, "0.1": 2})
	wide := mustRun(t, newBackend(), Beam{N: 8, M: 2, MaxLevels: 40})
	wantEqual(t, "levels without Narrow", levelSizes(wide), []int{8, 8, 8})
	first = levelsOf(wide)[0]
	wantEqual(t, "children of its first level", childCounts(first...), map[string]int{"0": 2, "2": 2, "3": 2, "4": 2})
}

// A beam that has shrunk to 0 ends the search.
func TestBeamNarrowEnds(t *testing.T) {
	b := bySpec(9, func(string) spec { return spec{finish: reasoning.FinishEnd} })
	tree := mustRun(t, b, Beam{N: 4, M: 2, MaxLevels: 40, Narrow: true})
	wantEqual(t, "levels", levelSizes(tree), []int{4})
}

// "Dedupe drops a step whose text equals an earlier sibling's", not one whose text equals a
// cousin's. A level has as many children as without Dedupe.
func TestBeamDedupe(t *testing.T) {
	texts := map[string]string{"0": "a", "1": "a", "2": "b", "3": "a"}
	newBackend := func() scripted { return bySpec(3, func(id string) spec { return spec{text: texts[id]} }) }
	tree := mustRun(t, newBackend(), Beam{N: 4, M: 1, MaxLevels: 40, Dedupe: true})
	wantEqual(t, "children of the first level", childCounts(levelsOf(tree)[0]...), map[string]int{"0": 2, "2": 2})
	wantEqual(t, "children of the second level, where cousins have equal texts", childCounts(levelsOf(tree)[1]...),
		map[string]int{"0.0": 1, "0.1": 1, "2.0": 1, "2.1": 1})
	wantEqual(t, "levels", levelSizes(tree), []int{4, 4, 4})
	for _, n := range levelsOf(tree)[0] {
		if dropped := n.ID == "1" || n.ID == "3"; dropped != (n.State == StatePruned) {
			t.Errorf("node %s is %v", n.ID, n.State)
		}
	}
	tree = mustRun(t, newBackend(), Beam{N: 4, M: 1, MaxLevels: 40})
	wantEqual(t, "children without Dedupe", childCounts(levelsOf(tree)[0]...),
		map[string]int{"0": 1, "1": 1, "2": 1, "3": 1})
}

// Each solution has one vote, however many levels follow the level at which it ends.
func TestSolutionsHaveOneVote(t *testing.T) {
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		tree := mustRun(t, endsAtSeven{searchtest.NewLock(0.5, nil)}, s)
		tree.Finalists = nil
		done := map[string]bool{}
		for n := range tree.Nodes() {
			if n.Done() {
				done[n.ID] = true
			}
		}
		ranked, err := Choice{}.Rank(slices.Collect(tree.Solutions()), identity)
		if err != nil {
			t.Fatal(err)
		}
		votes := 0
		for _, c := range ranked {
			votes += c.Count
		}
		if votes != len(done) {
			t.Errorf("%d votes of %d solutions", votes, len(done))
		}
	})
}

// "rolling out up to k steps further"; "we perform rollouts using temperature 0" (Snell et
// al. 2024, §5.2).
func TestLookaheadRollsOutGreedily(t *testing.T) {
	b := byScore(6, nil)
	mustRun(t, b, Lookahead{N: 4, M: 2, K: 3, MaxLevels: 40})
	rollouts := 0
	for _, c := range b.Calls() {
		r := c.Request
		greedy := r.Sampling.Temperature == 0
		if greedy != (r.Span == 3) || greedy && !slices.Equal(r.Ordinals, []int{0}) {
			t.Errorf("node %q: requested children %v of %d steps at temperature %v",
				r.Node, r.Ordinals, r.Span, r.Sampling.Temperature)
		}
		if r.Span == 3 {
			rollouts++
		}
	}
	if want := 5 * 4; rollouts != want { // the sixth steps end solutions
		t.Errorf("%d rollouts, want %d, one for each step that does not end a solution", rollouts, want)
	}
}

// "while stopping early if the end of solution is reached" (Snell et al. 2024, §5.2). "A
// rollout that reaches the end of a solution is kept as a solution."
func TestLookaheadStopsAtTheEnd(t *testing.T) {
	tree := mustRun(t, byScore(3, nil), Lookahead{N: 2, M: 1, K: 9, MaxLevels: 40})
	wantEqual(t, "solutions", idsOf(slices.Collect(tree.Solutions())...),
		[]string{"0.0", "0.1.0", "0.1.1", "1.0", "1.1.0", "1.1.1"})
	for n := range tree.Solutions() {
		if len(n.Path()) != 3 {
			t.Errorf("node %s: %d steps, want 3", n.ID, len(n.Path()))
		}
	}
}

// "The PRM's prediction at the end of this rollout is then used to score the current step"
// (Snell et al. 2024, §5.2), and not the step's own score, which a beam uses.
func TestLookaheadChangesScores(t *testing.T) {
	scores := map[string]float64{"0": 0.9, "1": 0.8, "2": 0.2, "3": 0.1, "0.0": 0.1, "1.0": 0.2, "2.0": 0.8, "3.0": 0.9}
	ahead := levelsOf(mustRun(t, byScore(9, scores), Lookahead{N: 4, M: 2, K: 2, MaxLevels: 2}))[0]
	wantEqual(t, "children, rollouts included", childCounts(ahead...), map[string]int{"0": 1, "1": 1, "2": 3, "3": 3})
	for _, n := range ahead {
		if n.Scored {
			t.Errorf("step %s was scored, want only its rollout", n.ID)
		}
	}
	beam := levelsOf(mustRun(t, byScore(9, scores), Beam{N: 4, M: 2, MaxLevels: 2}))[0]
	wantEqual(t, "children in a beam", childCounts(beam...), map[string]int{"0": 2, "1": 2})
}

// "It costs N × (K+1) steps per level", and N scores.
func TestLookaheadCosts(t *testing.T) {
	const n, k, depth = 8, 3, 20
	b := byScore(depth, nil)
	steps := 0
	for node := range mustRun(t, b, Lookahead{N: n, M: 4, K: k, MaxLevels: 3}).Nodes() {
		steps += len(node.Steps)
	}
	wantEqual(t, "steps of two levels and of the last, to its end", steps, 2*n*(k+1)+n*(depth-2))
	wantEqual(t, "scores", len(b.verifier.Calls()), 3*n)
}

// A step whose rollout fails has no value: it ranks behind all steps that have one.
func TestLookaheadRolloutFails(t *testing.T) {
	tree := mustRun(t, bySpec(9, func(id string) spec {
		if id == "0.0" {
			return spec{fails: errors.New("engine broke")}
		}
		return spec{}
	}), Lookahead{N: 3, M: 1, K: 1, MaxLevels: 2})
	first := levelsOf(tree)[0]
	wantEqual(t, "children, rollouts included", childCounts(first...), map[string]int{"0": 1, "1": 2, "2": 2})
	wantEqual(t, "faults", tree.Faults(), []string{"some rollouts failed: engine broke (1 times)"})
}

// "expand the initial set of beams into N/M independent subtrees" (Beeching et al. 2024).
func TestDVTSHasIndependentSubtrees(t *testing.T) {
	b := byScore(4, nil)
	tree := mustRun(t, b, DVTS{N: 12, M: 4, MaxLevels: 40})
	wantEqual(t, "levels", levelSizes(tree), []int{12, 12, 12, 12})
	roots := 0
	for _, c := range b.Calls() {
		if len(c.Request.Ordinals) != 4 {
			t.Errorf("node %q: requested %d children, want M = 4", c.Request.Node, len(c.Request.Ordinals))
		}
		if c.Request.Node == "" {
			roots++
		}
	}
	if roots != 3 {
		t.Errorf("%d subtrees, want N/M = 3", roots)
	}
}

// "For each subtree, select the step with the highest PRM score. Generate M new steps from
// the nodes selected" (Beeching et al. 2024): not two steps of one subtree, as in a beam.
func TestDVTSSelectsOneOfEachSubtree(t *testing.T) {
	scores := map[string]float64{"0": 0.7, "1": 0.8, "2": 0.9, "3": 0.6, "4": 0.1, "5": 0.2, "6": 0.1, "7": 0.1}
	dvts := levelsOf(mustRun(t, byScore(3, scores), DVTS{N: 8, M: 4, MaxLevels: 40}))[0]
	wantEqual(t, "children", childCounts(dvts...), map[string]int{"2": 4, "5": 4})
	beam := levelsOf(mustRun(t, byScore(3, scores), Beam{N: 8, M: 4, MaxLevels: 40}))[0]
	wantEqual(t, "children in a beam", childCounts(beam...), map[string]int{"1": 4, "2": 4})
}

// "Repeat until the EOS token or maximum tree depth is reached" (Beeching et al. 2024): the other
// subtrees do not grow when one has ended. "Solutions that end at other steps than a subtree's
// best are kept."
func TestDVTSSubtreesEnd(t *testing.T) {
	tree := mustRun(t, bySpec(3, func(id string) spec {
		switch id {
		case "0": // the best of its subtree
			return spec{score: 0.9, finish: reasoning.FinishEnd}
		case "2": // not the best of its subtree
			return spec{score: 0.1, finish: reasoning.FinishEnd}
		}
		return spec{}
	}), DVTS{N: 4, M: 2, MaxLevels: 40})
	wantEqual(t, "levels", levelSizes(tree), []int{4, 2, 2})
	wantEqual(t, "solutions", idsOf(slices.Collect(tree.Solutions())...), []string{"0", "2", "3.0.0", "3.0.1"})
	deep := mustRun(t, byScore(9, nil), DVTS{N: 4, M: 2, MaxLevels: 3})
	wantEqual(t, "levels up to MaxLevels", levelSizes(deep), []int{4, 4, 4})
	for _, n := range levelsOf(deep)[2] {
		if !n.Done() || len(n.Path()) != 9 {
			t.Errorf("node %s of the last level is %v after %d steps, want the end after 9", n.ID, n.State, len(n.Path()))
		}
	}
}

// A child that fails does not end its subtree, and a subtree that fails does not end the
// others.
func TestDVTSShortResults(t *testing.T) {
	broke := errors.New("engine broke")
	tree := mustRun(t, bySpec(3, func(id string) spec {
		if id == "1" || strings.HasPrefix(id, "2.") { // 1 fails the rest of its batch
			return spec{fails: broke, delay: 1}
		}
		return spec{}
	}), DVTS{N: 6, M: 2, MaxLevels: 40})
	wantEqual(t, "children", childCounts(levelsOf(tree)[0]...), map[string]int{"0": 2, "4": 2})
	wantEqual(t, "levels", levelSizes(tree), []int{5, 4, 4})
	wantEqual(t, "faults", tree.Faults(),
		[]string{"some branches failed: engine broke (1 times)", "some children failed: engine broke (1 times)"})
}

// K: "greedy steps before a step is scored, as in Lookahead".
func TestDVTSLooksAhead(t *testing.T) {
	scores := map[string]float64{"0": 0.9, "1": 0.1, "0.0": 0.1, "1.0": 0.9}
	tree := mustRun(t, byScore(9, scores), DVTS{N: 2, M: 2, K: 2, MaxLevels: 2})
	wantEqual(t, "children, rollouts included", childCounts(levelsOf(tree)[0]...), map[string]int{"0": 1, "1": 3})
	tree = mustRun(t, byScore(9, scores), DVTS{N: 2, M: 2, MaxLevels: 2})
	wantEqual(t, "children without K", childCounts(levelsOf(tree)[0]...), map[string]int{"0": 2})
}
