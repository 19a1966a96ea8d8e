package search

import (
	"context"
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// walks are those of an MCTS, and what they found out so far.
type walks struct {
	MCTS
	tree         *Tree
	stats        map[*Node]*stat
	failedBefore bool // the last expansion failed
}

// batch takes n walks down together and then counts their values.
func (w *walks) batch(ctx context.Context, n int) error {
	at := make([]*Node, n) // where each walk is
	for i := range at {
		at[i] = w.tree.Root
		w.stat(at[i]).visits++
	}
	going := slices.Repeat([]bool{true}, n)
	for {
		leaves := w.descend(at, going)
		if len(leaves) == 0 {
			break
		}
		if err := w.expand(ctx, leaves); err != nil {
			return err
		}
		for i := range at {
			going[i] = going[i] && len(w.stat(at[i]).children) > 0 // else the expansion failed
		}
		if w.Rollout {
			if err := w.rollout(ctx, at, going); err != nil {
				return err
			}
		}
	}
	for _, end := range at {
		for n := range end.Up() {
			if end.Done() {
				w.stat(n).sum += end.Value
			}
		}
	}
	return nil
}

// descend takes the walks that are going down to nodes that are not expanded, and
// returns the open ones among these.
func (w *walks) descend(at []*Node, going []bool) (leaves []*Node) {
	for i := range at {
		for going[i] && len(w.stat(at[i]).children) > 0 {
			at[i] = w.selectChild(at[i])
		}
		going[i] = going[i] && at[i].Open()
		if going[i] && !slices.Contains(leaves, at[i]) {
			leaves = append(leaves, at[i])
		}
	}
	return leaves
}

// expand grows the leaves. One failure ends the walks that stand there, for value 0; a
// second in a row, or one at the root, ends the search.
func (w *walks) expand(ctx context.Context, leaves []*Node) error {
	var forks []Fork
	for _, n := range leaves {
		fork := next(n.Depth+1, w.MaxLevels)
		fork.From, fork.N = n, w.Width
		forks = append(forks, fork)
	}
	grown, err := w.tree.Grow(ctx, forks...)
	for _, n := range grown {
		parent := w.stat(n.Parent)
		parent.children = append(parent.children, n)
	}
	for _, n := range leaves {
		w.setPriors(w.stat(n).children)
	}
	if err != nil && !endsSearch(ctx, err) && !w.failedBefore && len(w.tree.Root.Children) > 0 {
		w.tree.fault("some expansions failed: %v", err)
		w.failedBefore = true
		return nil
	}
	w.failedBefore = false
	return err
}

// setPriors gives siblings the policy's probabilities of them, which sum to 1.
func (w *walks) setPriors(siblings []*Node) {
	sum := 0.0
	for _, n := range siblings {
		w.stat(n).prior = reasoning.Certainty(n.Steps)
		sum += w.stat(n).prior
	}
	for _, n := range siblings {
		w.stat(n).prior /= max(sum, math.SmallestNonzeroFloat64)
	}
}

// rollout ends each walk that is going by one sample from the best new child.
func (w *walks) rollout(ctx context.Context, at []*Node, going []bool) error {
	ends := make([]*Growth, len(at))
	for i := range at {
		if !going[i] {
			continue
		}
		at[i], going[i] = w.selectChild(at[i]), false
		if at[i].Open() {
			ends[i] = w.tree.Ask(ctx, Fork{From: at[i], N: 1, Span: policy.Whole, Score: true})
		}
	}
	var failed error
	for i, end := range ends {
		if end == nil {
			continue
		}
		grown, err := end.Wait()
		for _, n := range grown {
			at[i] = n
		}
		switch {
		case err == nil || failed != nil:
		case endsSearch(ctx, err):
			failed = err
		default:
			w.tree.fault("some rollouts failed: %v", err)
		}
	}
	return failed
}
