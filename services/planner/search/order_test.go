package search

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// outlineShuffled returns the outline of the tree that s grows if each child and each score takes
// a random time.
func outlineShuffled(t *testing.T, s Strategy) (tree string) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, func(policy.Request, int) time.Duration { return rand.N(time.Second) })
		lock.OnScore = func(verifier.Request) (time.Duration, error) { return rand.N(time.Second), nil }
		tree = outline(mustRun(t, lock, s))
	})
	return tree
}

// With the same seed a strategy grows the same tree, whatever the order of results. With another
// seed it grows another tree.
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

// followsFirst continues the first child that is generated, so that its tree depends on timing.
type followsFirst struct{ Strategy }

func (followsFirst) Search(ctx context.Context, t *Tree) error {
	first := make(chan *Node, 1)
	_, err := t.Start(ctx, Fork{From: t.Root, N: 8, Span: 1}).Do(func(_ context.Context, n *Node) error {
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

// The negative control: a strategy whose tree depends on the order of results grows different
// trees.
func TestOrderOfResultsCanMatter(t *testing.T) {
	trees := map[string]bool{}
	for range 20 { // with probability 8⁻¹⁹ all are equal
		trees[outlineShuffled(t, followsFirst{Greedy{}})] = true
	}
	if len(trees) == 1 {
		t.Error("a strategy that continues the first child that is generated grew the same tree 20 times")
	}
}
