package search

import (
	"cmp"
	"context"
)

// DVTS is diverse verifier tree search (Beeching, Tunstall and Rush 2024, "Scaling
// test-time compute with open models"): "For a given N and M, expand the initial set
// of beams into N/M independent subtrees. For each subtree, select the step with the
// highest PRM score. Generate M new steps from the nodes selected in the previous
// step and select the step with the highest PRM score. Repeat until the EOS token or
// maximum tree depth is reached."
//
// A subtree waits for another only for what it leaves of a budget. Solutions that end
// at other steps than a subtree's best are kept.
type DVTS struct {
	N, M, MaxLevels int
	K               int // greedy steps before a step is scored, as in Lookahead; 0: score the step itself
}

// NewDVTS returns a DVTS of n without lookahead, otherwise like NewBeam.
func NewDVTS(n int) DVTS { return DVTS{N: n, M: divisor(n, DefaultWidth), MaxLevels: defaultLevels} }

func (DVTS) Name() string        { return "dvts" }
func (DVTS) NeedsVerifier() bool { return true }
func (DVTS) Needs() Needs        { return Needs{Steps: true} }
func (d DVTS) Samples() int      { return d.N * (d.K + 1) }

// Validate implements Strategy.
func (d DVTS) Validate() error {
	return cmp.Or(
		validateBeam("strategy.dvts", d.N, d.M, d.MaxLevels),
		between("strategy.dvts.k", d.K, 0, MaxLevels),
	)
}

// Search implements Strategy.
func (d DVTS) Search(ctx context.Context, t *Tree) error {
	r := newRollouts(t, d.K)
	root := levelFork(1, d.MaxLevels)
	root.From, root.N = t.Root, d.M
	start := func(ctx context.Context) *Growth { return r.start(ctx, root) }
	return runBranches(ctx, t, d.N/d.M, start, func(ctx context.Context, subtree *Growth) error {
		level, err := r.grow(ctx, subtree)
		for depth := 2; err == nil; depth++ {
			best := bestOf(1, notTruncated(level), r.value)
			t.Prune(without(open(level), best)...)
			if len(open(best)) == 0 {
				return nil
			}
			level, err = r.grow(ctx, r.start(ctx, forkEvenly(best, d.M, levelFork(depth, d.MaxLevels))...))
		}
		return err
	})
}
