package search

import (
	"cmp"
	"context"
)

// Lookahead is beam search that looks K steps ahead (Snell et al. 2024, arXiv
// 2408.03314, §5.2): "Instead of using the PRM score at the current step to select
// the top candidates, lookahead search performs a simulation, rolling out up to k
// steps further while stopping early if the end of solution is reached. To minimize
// variance in the simulation rollout, we perform rollouts using temperature 0. The
// PRM's prediction at the end of this rollout is then used to score the current step
// in the beam search." It costs N × (K+1) steps per level.
//
// A rollout that reaches the end of a solution is kept as a solution; any other is only
// scored.
type Lookahead struct{ N, M, K, MaxLevels int }

// NewLookahead returns a lookahead of n that looks 3 steps ahead, otherwise like NewBeam.
func NewLookahead(n int) Lookahead {
	return Lookahead{N: n, M: divisor(n, DefaultWidth), K: 3, MaxLevels: defaultLevels}
}

func (Lookahead) Name() string        { return "lookahead" }
func (Lookahead) NeedsVerifier() bool { return true }
func (Lookahead) Needs() Needs        { return Needs{Steps: true} }
func (l Lookahead) Samples() int      { return l.N * (l.K + 1) }

// Validate implements Strategy.
func (l Lookahead) Validate() error {
	return cmp.Or(
		validateBeam("strategy.lookahead", l.N, l.M, l.MaxLevels),
		between("strategy.lookahead.k", l.K, 1, MaxLevels),
	)
}

// Search implements Strategy.
func (l Lookahead) Search(ctx context.Context, t *Tree) error {
	r := newRollouts(t, l.K)
	grow := func(ctx context.Context, forks ...Fork) ([]*Node, error) { return r.grow(ctx, r.start(ctx, forks...)) }
	return Beam{N: l.N, M: l.M, MaxLevels: l.MaxLevels}.search(ctx, t, grow, r.value)
}
