package search

import (
	"context"

	"github.com/ponder-mesh/ponder/services/policy"
)

// BestOfN samples whole solutions and scores each (Snell et al. 2024, arXiv
// 2408.03314, §5.2): "We sample N answers independently from the base LLM and then
// select the best answer according to the PRM's final answer judgement."
type BestOfN struct{ N int }

func (BestOfN) Name() string        { return "best-of-n" }
func (BestOfN) NeedsVerifier() bool { return true }
func (b BestOfN) Samples() int      { return b.N }
func (b BestOfN) Validate() error   { return between("strategy.best_of_n.n", b.N, 1, MaxN) }

// Search implements Strategy.
func (b BestOfN) Search(ctx context.Context, t *Tree) error {
	_, err := t.Grow(ctx, Fork{From: t.Root, N: b.N, Span: policy.Whole, Score: true})
	return err
}
