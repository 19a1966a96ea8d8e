package search

import (
	"context"
	"sync"
)

// rollouts values nodes by where greedy continuations of some steps lead; by the nodes
// themselves if that is 0 steps.
type rollouts struct {
	tree  *Tree
	steps int

	mu   sync.Mutex
	ends map[*Node]*Node // where the rollout of a node ended
}

func newRollouts(t *Tree, steps int) *rollouts {
	return &rollouts{tree: t, steps: steps, ends: map[*Node]*Node{}}
}

// ask asks for the children of forks. Those that are rolled out are not scored
// themselves.
func (r *rollouts) ask(ctx context.Context, forks ...Fork) *Growth {
	for i := range forks {
		forks[i].Score, forks[i].ScoreEnds = r.steps == 0, true
	}
	return r.tree.ask(ctx, r.steps > 0, forks)
}

// grow returns the children of a growth, and rolls out each open one as soon as it is
// written.
func (r *rollouts) grow(ctx context.Context, g *Growth) ([]*Node, error) {
	if r.steps == 0 {
		return g.Wait()
	}
	return g.Do(func(ctx context.Context, n *Node) error {
		if !n.Open() {
			return nil
		}
		grown, err := r.tree.Grow(ctx, Fork{From: n, N: 1, Span: r.steps, Greedy: true, Score: true})
		r.tree.Prune(open(grown)...)
		for _, end := range grown {
			r.mu.Lock()
			r.ends[n] = end
			r.mu.Unlock()
		}
		if err != nil && !endsSearch(ctx, err) {
			r.tree.fault("some rollouts failed: %v", err)
			return nil
		}
		return err
	})
}

// value returns the Value of the end of a node's rollout, or of the node if it has none.
func (r *rollouts) value(n *Node) (float64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if end := r.ends[n]; end != nil {
		return value(end)
	}
	return value(n)
}
