package search

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A forgetful strategy requests children and consumes none or only some of them.
type forgetful struct {
	Strategy
	consume func(*Growth)
}

func (f forgetful) Search(ctx context.Context, t *Tree) error {
	f.consume(t.Start(ctx, Fork{From: t.Root, N: 3, Span: 1}, Fork{From: t.Root, N: 1, Span: 1}))
	return nil
}

// Run stops the growths that its strategy did not consume: none of their goroutines continues, and
// no node stays queued or running.
func TestRunStopsGrowths(t *testing.T) {
	for name, test := range map[string]struct {
		consume  func(*Growth)
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
				pace := func(_ policy.Request, ordinal int) time.Duration {
					return time.Duration(ordinal+1) * time.Hour
				}
				tree := New(searchtest.NewLock(1, pace), newProblem(combination))
				states := map[*Node]State{}
				tree.Observe = func(n *Node) { states[n] = n.State }
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				start := time.Now()
				if _, err := Run(ctx, tree, forgetful{Greedy{}, test.consume}); err != nil {
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
