package search

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// strategies is every strategy, with so many samples.
func allStrategies(n int) []Strategy {
	m := min(n, 4)
	return []Strategy{
		Greedy{}, Majority{N: n, Exhaustive: true}, BestOfN{N: n}, Beam{N: n, M: m, MaxLevels: 40}, Lookahead{N: n, M: m, K: 2, MaxLevels: 40},
		DVTS{N: n, M: m, MaxLevels: 40}, Rebase{N: n, Balance: 0.2, MaxLevels: 40},
		MCTS{N: n, Width: m, Parallel: m, Exploration: 1, Final: FinalVote, MaxLevels: 40},
		Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: 40}, Revisions{N: n, Chains: m},
	}
}

// A variant is a strategy with parameters that are not the usual ones.
type variant struct {
	Strategy
	name string
}

func (v variant) Name() string { return v.name }

// inFlight stops while samples are on their way: its tree is the same whatever the
// interleaving, and what was on its way is not.
const inFlight = "majority-in-flight"

// variants of strategies, with so many samples.
func allVariants(n int) []Strategy {
	m := min(n, 4)
	return []Strategy{
		variant{Majority{N: n}, inFlight},
		variant{Majority{N: n, Wave: m}, "majority-waves"},
		variant{Majority{N: n, Wave: m, Confidence: 0.8}, "majority-asc"},
		variant{Majority{N: n, Confidence: 0.8}, inFlight + "-asc"},
		variant{Beam{N: n, M: m, MaxLevels: 40, Narrow: true}, "beam-narrow"},
		variant{Beam{N: n, M: m, MaxLevels: 40, Dedupe: true}, "beam-dedupe"},
		variant{Beam{N: n, M: 1, MaxLevels: 3, Narrow: true, Dedupe: true}, "beam-narrow-dedupe"},
		variant{DVTS{N: n, M: m, K: 1, MaxLevels: 40}, "dvts-lookahead"},
		variant{Rebase{N: n, Balance: 0.2, Exact: true, MaxLevels: 40}, "rebase-exact"},
		variant{MCTS{N: n, Width: m, Parallel: m, PUCT: true, Exploration: 1, Final: FinalVisits, MaxLevels: 40}, "mcts-puct-visits"},
		variant{MCTS{N: n, Width: m, Parallel: m, Exploration: 1, Rollout: true, Final: FinalValue, MaxLevels: 40}, "mcts-rollout-value"},
		variant{MCTS{N: n, Width: m, Parallel: 1, PUCT: true, Exploration: 2, Rollout: true, Final: FinalVote, MaxLevels: 3}, "mcts-puct-rollout"},
		variant{Particles{N: n, Iterations: min(n, 2), Temperature: 0.5, Sample: true, MaxLevels: 40}, "particles-gibbs"},
		variant{Revisions{N: n, Chains: m, Flat: true}, "revisions-flat"},
		variant{Revisions{N: n, Chains: 1, NoVerifier: true}, "revisions-unjudged"},
		variant{Revisions{N: n, Chains: m, Feedback: true}, "revisions-feedback"},
	}
}

// each tests every strategy and every variant.
func forEachStrategy(t *testing.T, n int, test func(t *testing.T, s Strategy)) {
	for _, s := range slices.Concat(allStrategies(n), allVariants(n)) {
		t.Run(s.Name(), func(t *testing.T) { test(t, s) })
	}
}

// looksAhead says whether s judges steps by their rollouts.
func looksAhead(s Strategy) bool { return s.Name() == "lookahead" || s.Name() == "dvts-lookahead" }

// rollout says whether n, of a strategy that looks ahead, is a look ahead: that is the
// first thing that is asked of a step.
func isRollout(s Strategy, n *Node) bool {
	return looksAhead(s) && n.Depth > 1 && n.Ordinal == 0
}

// judged says whether s wants n to be judged.
func wantsScore(s Strategy, n *Node) bool {
	return s.NeedsVerifier() && (!looksAhead(s) || !n.Open() || isRollout(s, n))
}

// combination of the lock that most tests open.
const combination = "31415"

func newProblem(text string) Problem {
	return Problem{
		Tenant: "t", Search: "s", Text: text, Seed: 9, Aggregator: verifier.AggregatorMin,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64}, Extract: searchtest.Dialled,
	}
}

// run searches, and fails the test if that is an error.
func mustRun(t *testing.T, w Backend, s Strategy) *Tree {
	t.Helper()
	tree := New(w, newProblem(combination))
	if spent, err := Run(t.Context(), tree, s); spent || err != nil {
		t.Fatalf("%s: budget spent: %t, error: %v", s.Name(), spent, err)
	}
	return tree
}

// draw is a tree as an outline: each node's id, text, value and state, and a star at
// the finalists.
func outline(t *Tree) string {
	var b strings.Builder
	for n := range t.Nodes() {
		value := "-"
		if n.Scored {
			value = fmt.Sprintf("%.3f", n.Value)
		}
		star := ""
		if slices.Contains(t.Finalists, n) {
			star = " *"
		}
		fmt.Fprintf(&b, "%s%s %q %s %v%s\n", strings.Repeat("  ", n.Depth-1), n.ID, reasoning.Join(n.Steps), value, n.State, star)
	}
	return b.String()
}

// byDepth is a tree's nodes by their depth, from 1.
func levelsOf(t *Tree) [][]*Node {
	levels := [][]*Node{nil}
	for n := range t.Nodes() {
		for len(levels) <= n.Depth {
			levels = append(levels, nil)
		}
		levels[n.Depth] = append(levels[n.Depth], n)
	}
	return levels[1:]
}

var update = flag.Bool("update", false, "write testdata anew")

// What each strategy's tree looks like; those of variants where they differ: where
// solutions end early, and majorities are clear.
func TestDrawings(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		var w Backend = searchtest.NewLock(0.5, nil)
		if _, ok := s.(variant); ok {
			w = endsAtSeven{searchtest.NewLock(0.5, nil)}
		}
		if strings.HasPrefix(s.Name(), "majority-") {
			w = searchtest.NewLock(0.9, nil)
		}
		tree := New(w, newProblem("314"))
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
			t.Errorf("(-got +want; -update writes it anew):\n%s", diff)
		}
	})
}

// With a verifier that hears the tumblers, searching opens a lock that samples and
// votes do not.
func TestSearchingPays(t *testing.T) {
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
			ranked, err := choice.Rank(slices.Collect(tree.Solutions()), func(a string) string { return a })
			if err != nil {
				t.Fatal(err)
			}
			if ranked[0].Answer == p.Text {
				opened[s.Name()]++
			}
		}
	}
	t.Logf("opened of %d locks: %v", locks, opened)
	if opened["greedy"] != locks { // the lock's greedy policy knows it
		t.Errorf("greedy opened %d locks, want all", opened["greedy"])
	}
	if beam, best, majority := opened["beam"], opened["best-of-n"], opened["majority"]; beam <= best+5 || best <= majority+2 {
		t.Errorf("opened of %d: %v, want beam to open most and majority fewest, by far", locks, opened)
	}
}

// shuffled is a tree grown by s where every child and every score takes as long as it likes.
func outlineShuffled(t *testing.T, s Strategy) (drawn string) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, func(policy.Request, int) time.Duration { return rand.N(time.Second) })
		lock.Hearing = func(verifier.Request) (time.Duration, error) { return rand.N(time.Second), nil }
		tree := mustRun(t, lock, s)
		drawn = outline(tree)
	})
	return drawn
}

// The same seed grows the same tree, in whatever order results come.
func TestOrderOfResultsDoesNotMatter(t *testing.T) {
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		tree := mustRun(t, searchtest.NewLock(0.5, nil), s)
		want := outline(tree)
		for range 5 {
			if diff := cmp.Diff(outlineShuffled(t, s), want); diff != "" {
				t.Fatalf("(-got +want):\n%s", diff)
			}
		}
		if s.Name() == "greedy" {
			return
		}
		other := newProblem(combination)
		other.Seed++
		tree = New(searchtest.NewLock(0.5, nil), other)
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		if outline(tree) == want {
			t.Error("another seed grew the same tree")
		}
	})
}

// racing follows the first step that comes: what no strategy may do.
type followsFirst struct{ Strategy }

func (followsFirst) Search(ctx context.Context, t *Tree) error {
	first := make(chan *Node, 1)
	_, err := t.Ask(ctx, Fork{From: t.Root, N: 8, Span: 1}).Do(func(_ context.Context, n *Node) error {
		select {
		case first <- n:
			_, err := t.Grow(ctx, Fork{From: n, N: 1, Span: 1})
			return err
		default:
			return nil
		}
	})
	return err
}

// The control: the test above sees a strategy whose tree depends on the order.
func TestOrderOfResultsWouldBeSeen(t *testing.T) {
	trees := map[string]bool{}
	for range 20 { // all alike once in 8¹⁹
		trees[outlineShuffled(t, followsFirst{Greedy{}})] = true
	}
	if len(trees) == 1 {
		t.Error("a strategy that follows whoever comes first grew the same tree 20 times")
	}
}

// What is not followed is pruned, and what is pruned is not followed.
func TestNoNodeIsDroppedSilently(t *testing.T) {
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		for _, w := range []Backend{searchtest.NewLock(0.5, nil), endsAtSeven{searchtest.NewLock(0.5, nil)}} {
			tree := mustRun(t, w, s)
			for n := range tree.Nodes() {
				followed := slices.ContainsFunc(n.Children, func(k *Node) bool { return !isRollout(s, k) })
				if pruned := n.State == StatePruned; n.Open() && pruned == followed {
					t.Errorf("node %s is %v and has %d children", n.ID, n.State, len(n.Children))
				}
				if n.Done() != (n.State == StateFinished) {
					t.Errorf("node %s is %v after finish %v", n.ID, n.State, n.Finish)
				}
			}
		}
	})
}

// spending answers so many calls and then has spent its budget.
type spending struct {
	Backend
	calls atomic.Int64 // that are left
}

func (b *spending) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	if b.calls.Add(-1) < 0 {
		return failWith(fmt.Errorf("%w: calls", ErrSpent))
	}
	return b.Backend.Expand(ctx, r)
}

func (b *spending) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if b.calls.Add(-1) < 0 {
		return verifier.Result{}, fmt.Errorf("%w: calls", ErrSpent)
	}
	return b.Backend.Score(ctx, r)
}

// A budget that is spent at any call ends a search normally, and is no fault; a budget
// that suffices changes nothing.
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

// A deadline leaves what came before it: whole levels where all take the same time,
// the same nodes that there are without a deadline.
func TestDeadline(t *testing.T) {
	want := map[string][]int{ // nodes a level, of samples that take 50 s in steps of 10 s; those that sample whole solutions have none
		"beam": {16, 16}, "beam-narrow": {16, 16}, "beam-dedupe": {16, 16}, "beam-narrow-dedupe": {16, 16},
		"lookahead": {16},                                 // whose rollouts of 2 steps are cut
		"dvts":      {16, 16}, "dvts-lookahead": {16, 16}, // the second are rollouts
		"rebase": {16, 18}, "rebase-exact": {16, 16}, // the paper rounds each share on its own
		"mcts": {4, 16}, "mcts-puct-visits": {4, 16}, "mcts-rollout-value": {4}, "mcts-puct-rollout": {4},
		"particles": {16, 16}, "particles-gibbs": {8, 8},
	}
	for _, s := range slices.Concat(allStrategies(16), allVariants(16)) {
		whole := map[string]*Node{}
		for n := range mustRun(t, searchtest.NewLock(0.5, nil), s).Nodes() {
			whole[n.ID] = n
		}
		synctest.Test(t, func(t *testing.T) {
			lock := searchtest.NewLock(0.5, func(r policy.Request, _ int) time.Duration { return 10 * time.Second * time.Duration(stepsOf(r)) })
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
				if same := whole[n.ID]; same == nil || reasoning.Join(same.Steps) != reasoning.Join(n.Steps) {
					t.Errorf("%s: node %s is not the one that there is without a deadline", s.Name(), n.ID)
				}
			}
			if faults := tree.Faults(); len(faults) > 0 {
				t.Errorf("%s: got faults %q, want none: the deadline is no fault", s.Name(), faults)
			}
		})
	}
}

// steps is how many steps of the combination a child of r has.
func stepsOf(r policy.Request) int {
	left := len(r.Problem) - len(r.Steps)
	if r.Span == policy.Whole {
		return left
	}
	return min(left, r.Span)
}

// One of anything is one sample, and what looking ahead costs.
func TestOneSample(t *testing.T) {
	forEachStrategy(t, 1, func(t *testing.T, s Strategy) {
		tree := mustRun(t, searchtest.NewLock(0.5, nil), s)
		notSampled := func(n *Node) bool { return isRollout(s, n) }
		for i, level := range levelsOf(tree) {
			if level = slices.DeleteFunc(level, notSampled); len(level) > 1 || len(level) == 0 && !looksAhead(s) {
				t.Errorf("level %d has %d nodes, want 1", i+1, len(level))
			}
		}
		if got := slices.DeleteFunc(slices.Collect(tree.Solutions()), notSampled); len(got) != 1 {
			t.Errorf("got %d solutions, want 1", len(got))
		}
	})
}

// The texts of a path are, byte by byte, the prefix that is continued and judged.
func TestTextsReassemble(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		lock := searchtest.NewLock(0.5, nil)
		tree := mustRun(t, lock, s)
		text := map[string]string{"": ""}
		revised := map[string]*Node{} // by a child
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
				t.Errorf("node %s: solution %q, want %d digits a line each", n.ID, text[n.ID], len(combination))
			}
		}
		for _, c := range lock.Calls() {
			want := text[c.Request.Node]
			var attempts []string
			if last := revised[c.Request.Node]; last != nil {
				want = "" // it starts anew
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
				for i, a := range attempts { // a digit a line and one line more
					told := strings.TrimPrefix(c.Request.Attempts[i], a)
					if !strings.HasPrefix(told, "A verifier ") || strings.Count(told, "\n") != 1 {
						t.Errorf("after attempt %q the writer was told %q, want a line of the verifier's", a, told)
					}
					attempts[i] += told
				}
			}
			if diff := cmp.Diff(c.Request.Attempts, attempts); diff != "" {
				t.Errorf("attempts shown after node %q (-got +want):\n%s", c.Request.Node, diff)
			}
		}
		for _, r := range lock.Heard() {
			if got := strings.Join(r.Steps, ""); got != text[r.Node] {
				t.Errorf("judged %q for node %q, want %q", got, r.Node, text[r.Node])
			}
		}
	})
}
