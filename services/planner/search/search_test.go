package search

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
)

var update = flag.Bool("update", false, "update testdata")

// Each strategy grows the tree in testdata. A variant gets a backend for which its tree differs
// from that of the strategy: solutions end early, or majorities are clear.
func TestGoldenTrees(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		var b Backend = searchtest.NewLock(0.5, nil)
		if _, ok := s.(variant); ok {
			b = endsAtSeven{searchtest.NewLock(0.5, nil)}
		}
		if strings.HasPrefix(s.Name(), "majority-") {
			b = searchtest.NewLock(0.9, nil)
		}
		tree := New(b, newProblem("314"))
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", s.Name()+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(outline(tree)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(outline(tree), string(want)); diff != "" {
			t.Errorf("(-got +want; -update updates testdata):\n%s", diff)
		}
	})
}

// With a verifier that scores steps well, beam search solves more problems than best-of-n, and
// best-of-n more than majority.
func TestBeamOpensMostLocks(t *testing.T) {
	opened := map[string]int{}
	const locks = 20
	for i := range locks {
		for _, s := range allStrategies(16) {
			p := newProblem(fmt.Sprint(10000000 + 1234567*i))
			p.Seed = reasoning.Seed(i)
			tree := New(searchtest.NewLock(0.6, nil), p)
			if _, err := Run(t.Context(), tree, s); err != nil {
				t.Fatal(err)
			}
			choice := Choice{}
			if s.NeedsVerifier() {
				choice = Choice{By: ByMin, Pick: PickMax}
			}
			ranked, err := choice.Rank(slices.Collect(tree.Solutions()), identity)
			if err != nil {
				t.Fatal(err)
			}
			if ranked[0].Answer == p.Text {
				opened[s.Name()]++
			}
		}
	}
	t.Logf("opened of %d locks: %v", locks, opened)
	if opened["greedy"] != locks { // at temperature 0 a lock's policy generates the right digits
		t.Errorf("greedy opened %d locks, want all", opened["greedy"])
	}
	beam, best, majority := opened["beam"], opened["best-of-n"], opened["majority"]
	if beam <= best+5 || best <= majority+2 {
		t.Errorf("opened of %d: %v, want beam to open at least 6 more than best-of-n, and that 3 more than majority", locks, opened)
	}
}

// An open node is either continued or pruned, and a node that ends a solution is finished.
func TestNodesAreContinuedPrunedOrFinished(t *testing.T) {
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		for _, b := range []Backend{searchtest.NewLock(0.5, nil), endsAtSeven{searchtest.NewLock(0.5, nil)}} {
			tree := mustRun(t, b, s)
			for n := range tree.Nodes() {
				continued := slices.ContainsFunc(n.Children, func(child *Node) bool { return !isRollout(s, child) })
				if pruned := n.State == StatePruned; n.Open() && pruned == continued {
					t.Errorf("node %s is %v and has %d children", n.ID, n.State, len(n.Children))
				}
				if n.Done() != (n.State == StateFinished) {
					t.Errorf("node %s is %v after finish %v", n.ID, n.State, n.Finish)
				}
			}
		}
	})
}

// A budget that is spent at any call ends a search normally, without a fault; with a sufficient
// budget a search grows the same tree as without one.
func TestBudget(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		whole := outline(mustRun(t, searchtest.NewLock(0.5, nil), s))
		for calls := int64(0); ; calls++ {
			b := &spending{Backend: searchtest.NewLock(0.5, nil)}
			b.calls.Store(calls)
			tree := New(b, newProblem(combination))
			spent, err := Run(t.Context(), tree, s)
			if err != nil || len(tree.Faults()) > 0 {
				t.Fatalf("after %d calls: got error %v and faults %q, want a normal end", calls, err, tree.Faults())
			}
			if spent != (b.calls.Load() < 0) {
				t.Errorf("after %d calls: spent %t, with %d calls left", calls, spent, b.calls.Load())
			}
			if !spent {
				if got := outline(tree); got != whole {
					t.Errorf("%d calls suffice, but grow another tree than without a budget:\n%s", calls, got)
				}
				break
			}
		}
	})
}

// A deadline leaves the nodes that were generated before it, the same as without a deadline:
// whole levels if all steps take the same time.
func TestDeadline(t *testing.T) {
	// Nodes of each level after 25 s, of samples that take 50 s in steps of 10 s. Strategies
	// that sample whole solutions have none.
	want := map[string][]int{
		"beam": {16, 16}, "beam-narrow": {16, 16}, "beam-dedupe": {16, 16}, "beam-narrow-dedupe": {16, 16},
		"lookahead": {16},                                 // the deadline cancels the rollouts of 2 steps
		"dvts":      {16, 16}, "dvts-lookahead": {16, 16}, // the second level is rollouts
		"rebase": {16, 18}, "rebase-exact": {16, 16}, // without Exact each width is rounded by itself
		"mcts": {4, 16}, "mcts-puct-visits": {4, 16}, "mcts-rollout-value": {4}, "mcts-puct-rollout": {4},
		"particles": {16, 16}, "particles-gibbs": {8, 8},
	}
	for _, s := range slices.Concat(allStrategies(16), allVariants(16)) {
		whole := map[string]*Node{}
		for n := range mustRun(t, searchtest.NewLock(0.5, nil), s).Nodes() {
			whole[n.ID] = n
		}
		synctest.Test(t, func(t *testing.T) {
			lock := searchtest.NewLock(0.5, func(r policy.Request, _ int) time.Duration {
				return 10 * time.Second * time.Duration(stepsOf(r))
			})
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			tree := New(lock, newProblem(combination))
			start := time.Now()
			if _, err := Run(ctx, tree, s); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got error %v, want the deadline", s.Name(), err)
			}
			if got := time.Since(start); got != 25*time.Second {
				t.Errorf("%s: took %v, want 25s", s.Name(), got)
			}
			var got []int
			for _, level := range levelsOf(tree) {
				got = append(got, len(level))
			}
			if want := want[s.Name()]; !slices.Equal(got, want) {
				t.Errorf("%s: levels have %v nodes, want %v", s.Name(), got, want)
			}
			for n := range tree.Nodes() {
				if want := whole[n.ID]; want == nil || reasoning.Join(want.Steps) != reasoning.Join(n.Steps) {
					t.Errorf("%s: node %s is not the one without a deadline", s.Name(), n.ID)
				}
			}
			if faults := tree.Faults(); len(faults) > 0 {
				t.Errorf("%s: got faults %q, want none: the deadline is no fault", s.Name(), faults)
			}
		})
	}
}

// With N = 1 every strategy generates one solution, and rollouts if it looks ahead.
func TestOneSample(t *testing.T) {
	forEachStrategy(t, 1, func(t *testing.T, s Strategy) {
		tree := mustRun(t, searchtest.NewLock(0.5, nil), s)
		rollout := func(n *Node) bool { return isRollout(s, n) }
		for i, level := range levelsOf(tree) {
			if level = slices.DeleteFunc(level, rollout); len(level) > 1 || len(level) == 0 && !looksAhead(s) {
				t.Errorf("level %d has %d nodes, want 1", i+1, len(level))
			}
		}
		if got := slices.DeleteFunc(slices.Collect(tree.Solutions()), rollout); len(got) != 1 {
			t.Errorf("got %d solutions, want 1", len(got))
		}
	})
}

// The requests of a node have exactly the text of its path, which the policy continues and the
// verifier scores. A request for a revision has the previous attempts.
func TestRequestsHaveTheTextOfPaths(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		lock := searchtest.NewLock(0.5, nil)
		tree := mustRun(t, lock, s)
		text := map[string]string{"": ""}
		revised := map[string]*Node{} // nodes whose children are revisions, by id
		for n := range tree.Nodes() {
			text[n.ID] = text[n.Parent.ID] + reasoning.Join(n.Steps)
			if n.Revision {
				text[n.ID] = reasoning.Join(n.Steps)
				revised[n.Parent.ID] = n.Parent
			}
			if got := reasoning.Join(n.Path()); got != text[n.ID] {
				t.Errorf("node %s: path is %q, want %q", n.ID, got, text[n.ID])
			}
			if n.Done() && len(text[n.ID]) != 2*len(combination) {
				t.Errorf("node %s: solution %q, want %d lines of a digit", n.ID, text[n.ID], len(combination))
			}
		}
		for _, c := range lock.Calls() {
			want := text[c.Request.Node]
			var attempts []string
			if last := revised[c.Request.Node]; last != nil {
				want = "" // a revision continues no text
				for n := range last.Up() {
					if n.Parent != nil && len(attempts) < 4 {
						attempts = append([]string{text[n.ID]}, attempts...)
					}
				}
			}
			if got := strings.Join(c.Request.Steps, ""); got != want {
				t.Errorf("continued %q for node %q, want %q", got, c.Request.Node, want)
			}
			if s.Name() == "revisions-feedback" {
				for i, attempt := range attempts {
					feedback := strings.TrimPrefix(c.Request.Attempts[i], attempt)
					if !strings.HasPrefix(feedback, "A verifier ") || strings.Count(feedback, "\n") != 1 {
						t.Errorf("feedback after attempt %q is %q, want one line", attempt, feedback)
					}
					attempts[i] += feedback
				}
			}
			if diff := cmp.Diff(c.Request.Attempts, attempts); diff != "" {
				t.Errorf("attempts shown after node %q (-got +want):\n%s", c.Request.Node, diff)
			}
		}
		for _, r := range lock.ScoreRequests() {
			if got := strings.Join(r.Steps, ""); got != text[r.Node] {
				t.Errorf("scored %q for node %q, want %q", got, r.Node, text[r.Node])
			}
		}
	})
}
