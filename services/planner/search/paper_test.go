package search

import (
	"cmp"
	"slices"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Each test here and in the other paper_*_test.go is about a sentence in quotation marks, which is
// in a comment of the package: from the paper, or our own. TestQuotations checks that.

// withChildren returns the nodes of a level that have children.
func withChildren(level []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return len(n.Children) == 0 })
}

// growBeam returns the levels of a beam of 16, and its lock.
func growBeam(t *testing.T) ([][]*Node, *searchtest.Lock) {
	lock := searchtest.NewLock(0.4, nil)
	levels := levelsOf(mustRun(t, lock, Beam{N: 16, M: 4, MaxLevels: 40}))
	if len(levels) != len(combination) {
		t.Fatalf("%d levels, want one for each digit", len(levels))
	}
	return levels, lock
}

// "sample N initial predictions for the first step in the solution" (Snell et al. 2024,
// §5.2).
func TestBeamSamplesNFirstSteps(t *testing.T) {
	levels, lock := growBeam(t)
	if len(levels[0]) != 16 {
		t.Errorf("%d first steps, want N = 16", len(levels[0]))
	}
	for _, n := range levels[0] {
		if len(n.Steps) != 1 {
			t.Errorf("node %s has %d steps, want 1", n.ID, len(n.Steps))
		}
	}
	if first := lock.Calls()[0].Request; len(first.Ordinals) != 16 || first.Span != 1 {
		t.Errorf("requested %d children of %d steps at once, want 16 of 1", len(first.Ordinals), first.Span)
	}
}

// "score the generated steps according to the PRM's predicted step-wise reward-to-go
// estimate" (Snell et al. 2024, §5.2).
func TestBeamScoresTheGeneratedSteps(t *testing.T) {
	levels, lock := growBeam(t)
	times := map[string]int{}
	for _, r := range lock.ScoreRequests() {
		times[r.Node]++
	}
	for _, n := range slices.Concat(levels...) {
		if !n.Scored || times[n.ID] != 1 {
			t.Errorf("node %s: scored %t, %d times, want once", n.ID, n.Scored, times[n.ID])
		}
	}
}

// "filter for only the top N/M highest scoring steps" (Snell et al. 2024, §5.2).
func TestBeamKeepsTheTop(t *testing.T) {
	levels, _ := growBeam(t)
	for i, level := range levels[:len(levels)-1] {
		kept := withChildren(level)
		if len(kept) != 4 {
			t.Errorf("level %d: %d nodes kept, want N/M = 4", i+1, len(kept))
		}
		worst := slices.MinFunc(kept, compareValues)
		for _, n := range level {
			if slices.Contains(kept, n) != (n.State != StatePruned) {
				t.Errorf("node %s has %d children and is %v", n.ID, len(n.Children), n.State)
			}
			if n.State == StatePruned && n.Value > worst.Value {
				t.Errorf("node %s of value %v was pruned, %s of %v was not", n.ID, n.Value, worst.ID, worst.Value)
			}
		}
	}
}

func compareValues(a, b *Node) int { return cmp.Compare(a.Value, b.Value) }

// "now from each candidate, sample M proposals from the next step, resulting in a total of
// N/M × M candidate prefixes again" (Snell et al. 2024, §5.2).
func TestBeamSamplesMProposals(t *testing.T) {
	levels, _ := growBeam(t)
	for i, level := range levels {
		if len(level) != 16 {
			t.Errorf("level %d has %d nodes, want N = 16", i+1, len(level))
		}
		for _, n := range withChildren(level) {
			if len(n.Children) != 4 {
				t.Errorf("node %s has %d children, want M = 4", n.ID, len(n.Children))
			}
		}
	}
}

// "Then repeat steps 2–4 again" (Snell et al. 2024, §5.2), until no solution is open.
func TestBeamEndsWithItsSolutions(t *testing.T) {
	levels, _ := growBeam(t)
	for _, n := range levels[len(levels)-1] {
		if n.State != StateFinished {
			t.Errorf("node %s is %v at the end, want finished", n.ID, n.State)
		}
	}
}

// "A finished solution leaves the beam", which then continues other nodes: "a level has N
// children".
func TestBeamKeepsItsWidth(t *testing.T) {
	tree := New(endsAtSeven{searchtest.NewLock(0, nil)}, newProblem("777777"))
	if _, err := Run(t.Context(), tree, Beam{N: 16, M: 4, MaxLevels: 40}); err != nil {
		t.Fatal(err)
	}
	ended := 0
	for i, level := range levelsOf(tree) {
		if len(level) != 16 {
			t.Errorf("level %d has %d nodes, want 16", i+1, len(level))
		}
		for _, n := range level {
			if n.Done() {
				if len(n.Children) > 0 {
					t.Errorf("node %s ended and was continued", n.ID)
				}
				if n.Depth < 6 {
					ended++
				}
			}
		}
	}
	if ended == 0 {
		t.Error("no solution ended early: the test shows nothing")
	}
}

// If fewer than N/M nodes are open, they share N children evenly; the best get the remainder.
func TestBeamSharesChildrenEvenly(t *testing.T) {
	// A beam of N = 8, M = 2 keeps four nodes; here three are open.
	tree := New(endsFirstSteps{searchtest.NewLock(0.4, nil), 3}, newProblem(combination))
	if _, err := Run(t.Context(), tree, Beam{N: 8, M: 2, MaxLevels: 2}); err != nil {
		t.Fatal(err)
	}
	kept := withChildren(levelsOf(tree)[0])
	slices.SortFunc(kept, func(a, b *Node) int { return compareValues(b, a) })
	var got []int
	for _, n := range kept {
		got = append(got, len(n.Children))
	}
	if want := []int{3, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("the open nodes, best first, have %v children, want %v", got, want)
	}
}

// At MaxLevels "each node that the beam keeps is completed in one request".
func TestBeamMaxLevels(t *testing.T) {
	for _, max := range []int{1, 2, 3} {
		levels := levelsOf(mustRun(t, searchtest.NewLock(0.4, nil), Beam{N: 16, M: 4, MaxLevels: max}))
		if len(levels) != max {
			t.Errorf("max levels %d: got %d levels", max, len(levels))
		}
		for _, n := range levels[len(levels)-1] {
			if !n.Done() || len(n.Path()) != len(combination) {
				t.Errorf("max levels %d: node %s is %v after %d steps, want finished after %d",
					max, n.ID, n.State, len(n.Path()), len(combination))
			}
		}
	}
	one := mustRun(t, searchtest.NewLock(0.4, nil), Beam{N: 16, M: 4, MaxLevels: 1})
	best := mustRun(t, searchtest.NewLock(0.4, nil), BestOfN{N: 16})
	if outline(one) != outline(best) {
		t.Error("a beam of one level is not best-of-N")
	}
}

// "We sample N answers independently from the base LLM and then select the best answer
// according to the PRM's final answer judgement" (Snell et al. 2024, §5.2).
func TestBestOfNSamplesIndependently(t *testing.T) {
	tree := mustRun(t, searchtest.NewLock(0.4, nil), BestOfN{N: 16})
	texts := map[string]bool{}
	for n := range tree.Nodes() {
		if n.Parent != tree.Root || !n.Done() || !n.Scored {
			t.Errorf("node %s: depth %d, %v, scored %t, want a scored solution below the root",
				n.ID, n.Depth, n.State, n.Scored)
		}
		texts[reasoning.Join(n.Steps)] = true
	}
	if len(tree.Root.Children) != 16 || len(texts) < 8 {
		t.Errorf("%d samples with %d texts, want 16, most of them different", len(tree.Root.Children), len(texts))
	}
	ranked, err := Choice{By: ByLast, Pick: PickMax}.Rank(slices.Collect(tree.Solutions()), identity)
	if err != nil {
		t.Fatal(err)
	}
	for n := range tree.Solutions() {
		if last := n.Steps[len(n.Steps)-1].Score; last > ranked[0].Weight {
			t.Errorf("node %s has final score %v, more than the winner's %v", n.ID, last, ranked[0].Weight)
		}
	}
}

// The samples of best-of-4 are the first of best-of-16.
func TestBestOfNIsNested(t *testing.T) {
	few := mustRun(t, searchtest.NewLock(0.4, nil), BestOfN{N: 4})
	many := mustRun(t, searchtest.NewLock(0.4, nil), BestOfN{N: 16})
	for i, n := range few.Root.Children {
		if got, want := reasoning.Join(n.Steps), reasoning.Join(many.Root.Children[i].Steps); got != want {
			t.Errorf("sample %d is %q, but %q in best-of-16", i, got, want)
		}
	}
}

// "sample from the language model's decoder to generate a diverse set of reasoning paths"
// (Wang et al. 2022, §2). The samples are those of best-of-N, and are not scored.
func TestMajorityNeedsNoVerifier(t *testing.T) {
	lock := searchtest.NewLock(0.4, nil)
	tree := mustRun(t, lock, Majority{N: 16})
	best := mustRun(t, searchtest.NewLock(0.4, nil), BestOfN{N: 16})
	for i, n := range tree.Root.Children {
		if got, want := reasoning.Join(n.Steps), reasoning.Join(best.Root.Children[i].Steps); got != want || n.Scored {
			t.Errorf("sample %d is %q, scored %t; want %q, not scored", i, got, n.Scored, want)
		}
	}
	if got := len(lock.ScoreRequests()); len(tree.Root.Children) != 16 || got != 0 {
		t.Errorf("%d samples and %d scores, want 16 and none", len(tree.Root.Children), got)
	}
}

// "and then aggregate by choosing the most consistent answer" (Wang et al. 2022, §2).
func TestMajorityIsTheMostConsistent(t *testing.T) {
	var solutions []*Node
	for _, s := range []string{"1", "2", "3", "2", "1", "2"} {
		solutions = append(solutions, &Node{Answer: s, Finish: reasoning.FinishEnd})
	}
	ranked, err := Choice{}.Rank(solutions, identity)
	if err != nil || ranked[0].Answer != "2" || ranked[0].Count != 3 || ranked[0].Weight != 3 {
		t.Errorf("got %+v and error %v, want answer 2, three times", ranked, err)
	}
}

// "Greedy decodes one solution at temperature 0."
func TestGreedyDecodes(t *testing.T) {
	lock := searchtest.NewLock(0, nil) // right at temperature 0, random at 1
	tree := mustRun(t, lock, Greedy{})
	if got := tree.Root.Children; len(got) != 1 || got[0].Answer != combination {
		t.Errorf("got %d solutions, the first %s, want one, %s", len(got), got[0].Answer, combination)
	}
	if r := lock.Calls()[0].Request; r.Sampling.Temperature != 0 || r.Span != policy.Whole || len(r.Ordinals) != 1 {
		t.Errorf("requested %+v, want one whole child at temperature 0", r)
	}
	if tree.Problem.Sampling.Temperature != 1 {
		t.Error("the tree's sampling was changed")
	}
}

func identity(answer string) string { return answer }
