package search

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// growRoot grows n scored steps of the root.
func growRoot(t *testing.T, b Backend, n int) (*Tree, []*Node, error) {
	tree := New(b, newProblem(combination))
	nodes, err := tree.Grow(t.Context(), Fork{From: tree.Root, N: n, Span: 1, Score: true})
	return tree, nodes, err
}

// Grow returns the children that are generated. It returns an error if the budget is spent or no
// child is generated; any other failure is a fault.
func TestGrowFailures(t *testing.T) {
	broke := errors.New("engine broke")
	spent := fmt.Errorf("%w: policy tokens", ErrSpent)
	step := []reasoning.Step{{Text: "3\n"}}
	for name, test := range map[string]struct {
		b      Backend
		nodes  int
		err    error
		faults []string
	}{
		"some fail":              {failingAfter(3, broke), 3, nil, []string{"some children failed: engine broke (1 times)"}},
		"all fail":               {failingAfter(0, broke), 0, broke, nil},
		"spent":                  {failingAfter(3, spent), 3, ErrSpent, nil},
		"spent before the first": {failingAfter(0, spent), 0, ErrSpent, nil},
		"too few": {
			failingAfter(2, nil), 2, nil,
			[]string{`some children failed: policy sent 2 of 4 children of node "": see the policy's log (2 times)`},
		},
		"none": {failingAfter(0, nil), 0, errors.New(`policy sent 0 of 4 children of node "": see the policy's log`), nil},
		"twice": {
			failingAfter(2, nil, policy.Child{Ordinal: 1, Steps: step, Finish: reasoning.FinishStep}), 2, nil,
			[]string{`some children failed: policy sent child 1 of node "", which was not requested or was sent before: see the policy's log (2 times)`},
		},
		"not requested": {
			failingAfter(2, nil, policy.Child{Ordinal: 9, Steps: step, Finish: reasoning.FinishStep}), 2, nil,
			[]string{`some children failed: policy sent child 9 of node "", which was not requested or was sent before: see the policy's log (2 times)`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree, nodes, err := growRoot(t, test.b, 4)
			if !errors.Is(err, test.err) && fmt.Sprint(err) != fmt.Sprint(test.err) {
				t.Errorf("got error %v, want %v", err, test.err)
			}
			if len(nodes) != test.nodes || !slices.Equal(nodes, tree.Root.Children) {
				t.Errorf("got %d nodes, %d in the tree, want %d", len(nodes), len(tree.Root.Children), test.nodes)
			}
			for i, n := range nodes {
				if n.Ordinal != i || !n.Scored {
					t.Errorf("node %d has ordinal %d and is scored %t, want it in order and scored", i, n.Ordinal, n.Scored)
				}
			}
			if diff := cmp.Diff(tree.Faults(), test.faults); diff != "" {
				t.Errorf("faults (-got +want):\n%s", diff)
			}
		})
	}
}

// A fork that fails does not fail other forks. Its children have the error as their reason,
// and the children that are requested later have other ordinals.
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
		want := verifier.ErrBadScores.Error()
		if err != nil || len(nodes) != 2 {
			t.Fatalf("scores %v: got %d nodes and error %v, want 2", scores, len(nodes), err)
		}
		for _, n := range nodes {
			if n.Scored || n.Steps[0].Scored || n.State != StateScored || !strings.Contains(n.Reason, want) {
				t.Errorf("scores %v: node %s: scored %t, %v, reason %q", scores, n.ID, n.Scored, n.State, n.Reason)
			}
		}
		faults := tree.Faults()
		if len(faults) != 1 || !strings.Contains(faults[0], want) || !strings.HasSuffix(faults[0], "(2 times)") {
			t.Errorf("scores %v: got faults %q, want %q twice", scores, faults, want)
		}
	}
}

// A budget that is spent by scoring ends the search, too, because the strategy would have to
// choose among nodes without scores.
func TestGrowVerifierBudgetSpent(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	lock.OnScore = func(r verifier.Request) (time.Duration, error) {
		if r.Node == "1" {
			return 0, fmt.Errorf("%w: verifier tokens", ErrSpent)
		}
		return 0, nil
	}
	tree, nodes, err := growRoot(t, lock, 3)
	if !errors.Is(err, ErrSpent) || len(nodes) != 3 || nodes[1].Scored || !nodes[2].Scored || len(tree.Faults()) != 0 {
		t.Errorf("got %d nodes, error %v and faults %q, want three, the middle one not scored, ErrSpent, and no fault",
			len(nodes), err, tree.Faults())
	}
}

// The error of a cancelled Grow is the cause of its context. Grow also returns the children that
// were generated before.
func TestGrowCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("answer cannot change any more")
		ctx, cancel := context.WithCancelCause(t.Context())
		lock := searchtest.NewLock(0.5, func(_ policy.Request, ordinal int) time.Duration {
			return time.Duration(ordinal) * time.Second
		})
		lock.OnScore = func(verifier.Request) (time.Duration, error) { return time.Second, nil }
		time.AfterFunc(2500*time.Millisecond, func() { cancel(enough) })
		tree := New(lock, newProblem(combination))
		nodes, err := tree.Grow(ctx, Fork{From: tree.Root, N: 5, Span: 1, Score: true})
		if err != enough || len(nodes) != 3 || len(tree.Faults()) != 0 {
			t.Errorf("got %d nodes, error %v and faults %q, want 3, the cause, none", len(nodes), err, tree.Faults())
		}
		for i, want := range []bool{true, true, false} { // the third is not scored yet
			if nodes[i].Scored != want {
				t.Errorf("node %d: scored %t, want %t", i, nodes[i].Scored, want)
			}
		}
		if calls := lock.Calls(); !calls[0].Ended {
			t.Error("the request to the policy did not end")
		}
	})
}

// More children than fit into one request are requested in several.
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

// A step has the verifier's score for that step. A node has the scores of its whole path, and a
// value that the problem's aggregator computes from them.
func TestGrowScores(t *testing.T) {
	for a := verifier.AggregatorMin; a <= verifier.AggregatorProd; a++ {
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
				t.Errorf("%v: node %s has value %v, want %v; scores (-got +want):\n%s",
					a, n.ID, n.Value, a.Of(want.Scores), diff)
			}
			for i, s := range n.Path() {
				if !s.Scored || s.Score != want.Scores[i] {
					t.Errorf("%v: node %s, step %d: score %v, want %v", a, n.ID, i, s.Score, want.Scores[i])
				}
			}
		}
	}
}

// Answers are extracted concurrently, outside the tree's lock: each of four children waits
// until all four are extracted.
func TestAnswersAreExtractedConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		all.Add(4)
		p := newProblem(combination)
		p.Extract = func(text string) (string, bool) {
			all.Done()
			all.Wait()
			return searchtest.Extract(text)
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
