package search

import (
	"context"
	"sync"
)

// rollouts values a node by the score at the end of a greedy rollout of that many steps; with
// steps = 0 by the node's own score.
type rollouts struct {
	tree  *Tree
	steps int

	mu   sync.Mutex
	ends map[*Node]*Node // ends of rollouts, by the node where they began
}

func newRollouts(t *Tree, steps int) *rollouts {
	return &rollouts{tree: t, steps: steps, ends: map[*Node]*Node{}}
}

// start requests the children of forks. A child that will be rolled out is not scored itself.
func (r *rollouts) start(ctx context.Context, forks ...Fork) *Growth {
	for i := range forks {
		forks[i].Score, forks[i].ScoreEnds = r.steps == 0, true
	}
	return r.tree.start(ctx, r.steps > 0, forks)
}

// grow waits for g, rolls out each open child as soon as it is generated, and returns the
// children.
func (r *rollouts) grow(ctx context.Context, g *Growth) ([]*Node, error) {
	if r.steps == 0 {
		return g.Wait()
	}
	return g.Do(func(ctx context.Context, n *Node) error {
		if !n.Open() {
			return nil
		}
		ends, err := r.tree.Grow(ctx, Fork{From: n, N: 1, Span: r.steps, Greedy: true, Score: true})
		r.tree.Prune(open(ends)...)
		for _, end := range ends {
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
