package search

import (
	"cmp"
	"context"
	"sync"
)

// Lookahead is beam search that looks K steps ahead (Snell et al. 2024, arXiv
// 2408.03314, §5.2): "Instead of using the PRM score at the current step to select
// the top candidates, lookahead search performs a simulation, rolling out up to k
// steps further while stopping early if the end of solution is reached. To minimize
// variance in the simulation rollout, we perform rollouts using temperature 0. The
// PRM's prediction at the end of this rollout is then used to score the current step
// in the beam search." It costs N × (K+1) steps a level.
//
// A rollout that reaches an answer is kept as an answer; what else it wrote is
// looked at and not followed.
type Lookahead struct{ N, M, K, MaxLevels int }

// NewLookahead returns a lookahead of n that looks 3 steps ahead; else as NewBeam.
func NewLookahead(n int) Lookahead {
	return Lookahead{N: n, M: divisor(n, DefaultWidth), K: 3, MaxLevels: defaultLevels}
}

func (Lookahead) Name() string        { return "lookahead" }
func (Lookahead) NeedsVerifier() bool { return true }
func (l Lookahead) Samples() int      { return l.N * (l.K + 1) }

// Validate implements Strategy.
func (l Lookahead) Validate() error {
	return cmp.Or(validBeam("strategy.lookahead", l.N, l.M, l.MaxLevels), between("strategy.lookahead.k", l.K, 1, MaxLevels))
}

// Search implements Strategy.
func (l Lookahead) Search(ctx context.Context, t *Tree) error {
	s := newRollouts(t, l.K)
	grow := func(ctx context.Context, forks ...Fork) ([]*Node, error) { return s.rollOut(ctx, s.ask(ctx, forks...)) }
	return Beam{N: l.N, M: l.M, MaxLevels: l.MaxLevels}.search(ctx, t, grow, s.value)
}

// A rollouts values nodes by what comes of them some steps ahead, or by themselves if
// that is 0 steps.
type rollouts struct {
	tree  *Tree
	steps int

	mu   sync.Mutex
	ends map[*Node]*Node // where the rollout of a node ended
}

func newRollouts(t *Tree, steps int) *rollouts {
	return &rollouts{tree: t, steps: steps, ends: map[*Node]*Node{}}
}

// ask asks for the children of forks. The score of a step that is not the end is not
// needed.
func (s *rollouts) ask(ctx context.Context, forks ...Fork) *Growth {
	for i := range forks {
		forks[i].Score, forks[i].ScoreEnds = s.steps == 0, true
	}
	return s.tree.Ask(ctx, forks...)
}

// rollOut waits for what was asked, and rolls each open child out as soon as it comes.
func (s *rollouts) rollOut(ctx context.Context, g *Growth) ([]*Node, error) {
	if s.steps == 0 {
		return g.Wait()
	}
	return g.Do(func(n *Node) error {
		if !n.Open() {
			return nil
		}
		ahead, err := s.tree.Grow(ctx, Fork{From: n, N: 1, Span: s.steps, Greedy: true, Score: true})
		s.tree.Prune(open(ahead)...)
		for _, end := range ahead {
			s.mu.Lock()
			s.ends[n] = end
			s.mu.Unlock()
		}
		if err != nil && !final(ctx, err) {
			s.tree.fault("some rollouts failed: %v", err)
			return nil
		}
		return err
	})
}

func (s *rollouts) value(n *Node) (float64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if end := s.ends[n]; end != nil {
		return value(end)
	}
	return value(n)
}
