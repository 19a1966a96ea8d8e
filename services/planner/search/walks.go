package search

import (
	"context"
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// walks is an MCTS under way.
type walks struct {
	MCTS
	tree         *Tree
	stats        map[*Node]*stat
	failedBefore bool // the last expansion failed
}

// A stat is what walks have told of a node.
type stat struct {
	children []*Node // to walk to; nil until it is expanded
	prior    float64 // the policy's probability of the node among its siblings
	visits   int     // of walks that ended and of those on their way
	sum      float64 // of the values of walks that ended
}

func (w *walks) stat(n *Node) *stat {
	if w.stats[n] == nil {
		w.stats[n] = &stat{}
	}
	return w.stats[n]
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
		var leaves []*Node // where walks stand and the tree is not grown
		for i := range at {
			for going[i] && len(w.stat(at[i]).children) > 0 {
				at[i] = w.step(at[i])
			}
			going[i] = going[i] && at[i].Open()
			if going[i] && !slices.Contains(leaves, at[i]) {
				leaves = append(leaves, at[i])
			}
		}
		if len(leaves) == 0 {
			break
		}
		if err := w.expand(ctx, leaves); err != nil {
			return err
		}
		for i := range at {
			going[i] = going[i] && len(w.stat(at[i]).children) > 0 // else nothing came
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
		all := 0.0
		for _, k := range w.stat(n).children {
			w.stat(k).prior = reasoning.Certainty(k.Steps)
			all += w.stat(k).prior
		}
		for _, k := range w.stat(n).children {
			w.stat(k).prior /= max(all, math.SmallestNonzeroFloat64)
		}
	}
	if err != nil && !final(ctx, err) && !w.failedBefore && len(w.tree.Root.Children) > 0 {
		w.tree.fault("some expansions failed: %v", err)
		w.failedBefore = true
		return nil
	}
	w.failedBefore = false
	return err
}

// rollout ends the walks that are going by one sample each from the best new child.
func (w *walks) rollout(ctx context.Context, at []*Node, going []bool) error {
	ends := make([]*Growth, len(at))
	for i := range at {
		if !going[i] {
			continue
		}
		at[i], going[i] = w.step(at[i]), false
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
		case final(ctx, err):
			failed = err
		default:
			w.tree.fault("some rollouts failed: %v", err)
		}
	}
	return failed
}

// step goes to the child that a walk should go to.
func (w *walks) step(n *Node) *Node {
	total := float64(w.stat(n).visits)
	best := argmax(w.stat(n).children, func(k *Node) float64 {
		s := w.stat(k)
		visits, q := float64(s.visits), k.Value
		if s.visits > 0 {
			q = s.sum / visits
		}
		if w.PUCT {
			c := w.Exploration * (math.Log((total+19653)/19652) + 1.25)
			return q + c*s.prior*math.Sqrt(total)/(visits+1)
		}
		if s.visits == 0 {
			return 1e9 + k.Value // unexplored ones come first, best first
		}
		return q + w.Exploration*math.Sqrt(math.Log(total)/visits)
	})
	w.stat(best).visits++
	return best
}

// best is where the way of Final leads from the root.
func (w *walks) best() *Node {
	n := w.tree.Root
	for len(w.stat(n).children) > 0 {
		n = argmax(w.stat(n).children, func(k *Node) float64 {
			s := w.stat(k)
			if s.visits == 0 {
				return -1 // nothing is known of it
			}
			mean := s.sum / float64(s.visits)
			if w.Final == FinalVisits {
				return float64(s.visits) + mean/2 // values are at most 1: they break ties
			}
			return mean
		})
	}
	for _, end := range top(1, notTruncated(without(n.Children, open(n.Children))), value) { // of its rollouts
		return end
	}
	return n
}

// argmax is the first of the nodes for which f is largest.
func argmax(nodes []*Node, f func(*Node) float64) *Node {
	best, most := nodes[0], math.Inf(-1)
	for _, n := range nodes {
		if v := f(n); v > most {
			best, most = n, v
		}
	}
	return best
}
