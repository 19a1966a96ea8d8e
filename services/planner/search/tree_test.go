package search

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// grow asks for n judged steps of the root.
func growRoot(t *testing.T, w Backend, n int) (*Tree, []*Node, error) {
	tree := New(w, newProblem(combination))
	nodes, err := tree.Grow(t.Context(), Fork{From: tree.Root, N: n, Span: 1, Score: true})
	return tree, nodes, err
}

// breaking is a lock whose policy says after so many children.
func failingAfter(after int, say error, extra ...policy.Child) Backend {
	lock := searchtest.NewLock(0.5, nil)
	return withExpand{lock, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
		return func(yield func(policy.Child, error) bool) {
			r.Ordinals = r.Ordinals[:after]
			if after > 0 {
				for c, err := range lock.Expand(ctx, r) {
					if !yield(c, err) {
						return
					}
				}
			}
			for _, c := range extra {
				if !yield(c, nil) {
					return
				}
			}
			if say != nil {
				yield(policy.Child{}, say)
			}
		}
	}}
}

func TestGrowFailures(t *testing.T) {
	broke := errors.New("engine broke")
	spent := fmt.Errorf("%w: policy tokens", ErrSpent)
	step := []reasoning.Step{{Text: "3\n"}}
	for name, test := range map[string]struct {
		w      Backend
		nodes  int
		err    error
		faults []string
	}{
		"some fail":             {failingAfter(3, broke), 3, nil, []string{"some children failed: engine broke (1 times)"}},
		"all fail":              {failingAfter(0, broke), 0, broke, nil},
		"spent":                 {failingAfter(3, spent), 3, ErrSpent, nil},
		"spent before any came": {failingAfter(0, spent), 0, ErrSpent, nil},
		"too few":               {failingAfter(2, nil), 2, nil, []string{`some children failed: policy sent 2 of 4 children of node "" (1 times)`}},
		"none":                  {failingAfter(0, nil), 0, errors.New(`policy sent 0 of 4 children of node ""`), nil},
		"twice": {failingAfter(2, nil, policy.Child{Ordinal: 1, Steps: step, Finish: reasoning.FinishStep}), 2, nil,
			[]string{`some children failed: policy sent child 1 of node "", which was not asked for or came twice (1 times)`}},
		"not asked for": {failingAfter(2, nil, policy.Child{Ordinal: 9, Steps: step, Finish: reasoning.FinishStep}), 2, nil,
			[]string{`some children failed: policy sent child 9 of node "", which was not asked for or came twice (1 times)`}},
	} {
		t.Run(name, func(t *testing.T) {
			tree, nodes, err := growRoot(t, test.w, 4)
			if !errors.Is(err, test.err) && fmt.Sprint(err) != fmt.Sprint(test.err) {
				t.Errorf("got error %v, want %v", err, test.err)
			}
			if len(nodes) != test.nodes || !slices.Equal(nodes, tree.Root.Children) {
				t.Errorf("got %d nodes, %d in the tree, want %d", len(nodes), len(tree.Root.Children), test.nodes)
			}
			for i, n := range nodes {
				if n.Ordinal != i || !n.Scored {
					t.Errorf("node %d has ordinal %d and is judged %t, want it in order and judged", i, n.Ordinal, n.Scored)
				}
			}
			if diff := cmp.Diff(tree.Faults(), test.faults); diff != "" {
				t.Errorf("faults (-got +want):\n%s", diff)
			}
		})
	}
}

// One fork's failure leaves the others' children alone; the failed one's children
// say why, and later ones have ordinals, and chance, of their own.
func TestGrowAfterFailure(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	down := true
	tree := New(withExpand{lock, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
		if r.Node == "1" && down {
			return failWith(errors.New("engine broke"))
		}
		return lock.Expand(ctx, r)
	}}, newProblem(combination))
	reasons := map[string]string{}
	tree.Observe = func(n *Node) {
		if n.State == StateFailed {
			reasons[n.ID] = n.Reason
		}
	}
	first, err := tree.Grow(t.Context(), Fork{From: tree.Root, N: 2, Span: 1})
	if err != nil {
		t.Fatal(err)
	}
	forks := []Fork{{From: first[0], N: 2, Span: 1}, {From: first[1], N: 2, Span: 1}}
	ids := func() (ids []string) {
		grown, err := tree.Grow(t.Context(), forks...)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range grown {
			ids = append(ids, n.ID)
		}
		return ids
	}
	if diff := cmp.Diff(ids(), []string{"0.0", "0.1"}); diff != "" {
		t.Errorf("first (-got +want):\n%s", diff)
	}
	down = false
	if diff := cmp.Diff(ids(), []string{"0.2", "0.3", "1.2", "1.3"}); diff != "" {
		t.Errorf("then (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(reasons, map[string]string{"1.0": "engine broke", "1.1": "engine broke"}); diff != "" {
		t.Errorf("reasons (-got +want):\n%s", diff)
	}
}

// A node is kept without scores if the verifier returns the wrong number of scores, or
// one outside [0,1].
func TestGrowBadScores(t *testing.T) {
	for _, scores := range [][]float64{nil, {0.5, 0.5}, {1.5}} {
		tree, nodes, err := growRoot(t, badScores{searchtest.NewLock(0.5, nil), scores}, 2)
		if err != nil || len(nodes) != 2 {
			t.Fatalf("scores %v: got %d nodes and error %v, want 2", scores, len(nodes), err)
		}
		for _, n := range nodes {
			if n.Scored || n.Steps[0].Scored || n.State != StateScored || !strings.Contains(n.Reason, verifier.ErrBadScores.Error()) {
				t.Errorf("scores %v: node %s: judged %t, %v, reason %q", scores, n.ID, n.Scored, n.State, n.Reason)
			}
		}
		if faults := tree.Faults(); len(faults) != 1 || !strings.Contains(faults[0], verifier.ErrBadScores.Error()) || !strings.HasSuffix(faults[0], "(2 times)") {
			t.Errorf("scores %v: got faults %q, want one, twice", scores, faults)
		}
	}
}

type badScores struct {
	Backend
	scores []float64
}

func (m badScores) Score(context.Context, verifier.Request) (verifier.Result, error) {
	return verifier.Result{Scores: m.scores}, nil
}

// A budget that ends while judging ends the search, too: unjudged nodes would be
// chosen among blindly.
func TestGrowVerifierBudgetSpent(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	lock.Hearing = func(r verifier.Request) (time.Duration, error) {
		if r.Node == "1" {
			return 0, fmt.Errorf("%w: verifier tokens", ErrSpent)
		}
		return 0, nil
	}
	tree, nodes, err := growRoot(t, lock, 3)
	if !errors.Is(err, ErrSpent) || len(nodes) != 3 || nodes[1].Scored || !nodes[2].Scored || len(tree.Faults()) != 0 {
		t.Errorf("got %d nodes, error %v and faults %q, want three, the middle one not judged, spent, and no fault", len(nodes), err, tree.Faults())
	}
}

// Who cancels gives the reason.
func TestGrowCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("answer cannot change any more")
		ctx, cancel := context.WithCancelCause(t.Context())
		lock := searchtest.NewLock(0.5, func(_ policy.Request, i int) time.Duration { return time.Duration(i) * time.Second })
		lock.Hearing = func(verifier.Request) (time.Duration, error) { return time.Second, nil }
		time.AfterFunc(2500*time.Millisecond, func() { cancel(enough) })
		tree := New(lock, newProblem(combination))
		nodes, err := tree.Grow(ctx, Fork{From: tree.Root, N: 5, Span: 1, Score: true})
		if err != enough || len(nodes) != 3 || len(tree.Faults()) != 0 {
			t.Errorf("got %d nodes, error %v and faults %q, want 3, the cause, none", len(nodes), err, tree.Faults())
		}
		for i, want := range []bool{true, true, false} { // the third was still being judged
			if nodes[i].Scored != want {
				t.Errorf("node %d: judged %t, want %t", i, nodes[i].Scored, want)
			}
		}
		if calls := lock.Calls(); !calls[0].Ended {
			t.Error("the policy was not stopped")
		}
	})
}

// More children than fit into a request travel in several.
func TestGrowManyChildren(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	tree := mustRun(t, lock, Majority{N: policy.MaxChildren + 10, Exhaustive: true})
	if got := len(tree.Root.Children); got != policy.MaxChildren+10 {
		t.Errorf("got %d children, want all", got)
	}
	var sizes []int
	for _, c := range lock.Calls() {
		sizes = append(sizes, len(c.Request.Ordinals))
	}
	slices.Sort(sizes)
	if want := []int{10, policy.MaxChildren}; !slices.Equal(sizes, want) {
		t.Errorf("requests of %v children, want %v", sizes, want)
	}
}

// A step's scores are the verifier's for that step, a node's are its whole path's,
// and its value is made of them by the aggregator that the problem names.
func TestGrowScores(t *testing.T) {
	for _, a := range []verifier.Aggregator{verifier.AggregatorMin, verifier.AggregatorLast, verifier.AggregatorAvg, verifier.AggregatorProd} {
		lock := searchtest.NewLock(0.7, nil)
		p := newProblem(combination)
		p.Aggregator = a
		tree := New(lock, p)
		if _, err := Run(t.Context(), tree, Beam{N: 4, M: 2, MaxLevels: 3}); err != nil {
			t.Fatal(err)
		}
		for n := range tree.Nodes() {
			want, err := lock.Score(t.Context(), verifier.Request{Problem: combination, Steps: reasoning.Texts(n.Path())})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(n.Scores, want.Scores); diff != "" || n.Value != a.Of(want.Scores) {
				t.Errorf("%v: node %s has value %v, want %v; scores (-got +want):\n%s", a, n.ID, n.Value, a.Of(want.Scores), diff)
			}
			for i, s := range n.Path() {
				if !s.Scored || s.Score != want.Scores[i] {
					t.Errorf("%v: node %s, step %d: score %v, want %v", a, n.ID, i, s.Score, want.Scores[i])
				}
			}
		}
	}
}

// Finding answers takes time: it must not keep other nodes from changing. Here each of
// four children waits until the answers of all are looked for.
func TestAnswersAreExtractedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		all.Add(4)
		p := newProblem(combination)
		p.Extract = func(text string) (string, bool) {
			all.Done()
			all.Wait()
			return searchtest.Dialled(text)
		}
		tree := New(searchtest.NewLock(1, nil), p)
		if _, err := Run(t.Context(), tree, BestOfN{N: 4}); err != nil {
			t.Fatal(err)
		}
		for _, n := range tree.Root.Children {
			if n.Answer != combination {
				t.Errorf("node %s has answer %q, want %q", n.ID, n.Answer, combination)
			}
		}
	})
}

// A forgetful strategy asks for children and takes none of them, or not all.
type forgetful struct {
	Strategy
	take func(*Growth)
}

func (f forgetful) Search(ctx context.Context, t *Tree) error {
	f.take(t.Ask(ctx, Fork{From: t.Root, N: 3, Span: 1}, Fork{From: t.Root, N: 1, Span: 1}))
	return nil
}

// Run stops what its strategy asked for and does not take: nothing of it runs on, and
// no node stays queued or running.
func TestRunStopsWhatIsNotTaken(t *testing.T) {
	for name, test := range map[string]struct {
		take     func(*Growth)
		children int
	}{
		"none": {func(*Growth) {}, 0},
		"first": {func(g *Growth) {
			for range g.Each() {
				break
			}
		}, 1},
		"all": {func(g *Growth) { g.Wait() }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := func(_ policy.Request, ordinal int) time.Duration { return time.Duration(ordinal+1) * time.Hour }
				tree := New(searchtest.NewLock(1, pace), newProblem(combination))
				states := map[*Node]State{}
				tree.Observe = func(n *Node) { states[n] = n.State }
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				start := time.Now()
				if _, err := Run(ctx, tree, forgetful{Greedy{}, test.take}); err != nil {
					t.Fatal(err)
				}
				if took, want := time.Since(start), time.Duration(test.children)*time.Hour; took != want {
					t.Errorf("took %v, want %v", took, want)
				}
				if got := len(tree.Root.Children); got != test.children {
					t.Errorf("%d children in the tree, want %d", got, test.children)
				}
				pruned := 0
				for _, s := range states {
					if s == StatePruned {
						pruned++
					}
				}
				if len(states) != 4 || pruned != 4-test.children {
					t.Errorf("states %v, want %d of 4 pruned", slices.Collect(maps.Values(states)), 4-test.children)
				}
			})
		})
	}
}
