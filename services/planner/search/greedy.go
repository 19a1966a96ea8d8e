package search

import (
	"context"

	"github.com/ponder-mesh/ponder/services/policy"
)

// Greedy decodes one solution at temperature 0. It is the papers' baseline ("CoT" in Liu et al.
// 2025, arXiv 2502.06703, Table 5).
type Greedy struct{}

func (Greedy) Name() string        { return "greedy" }
func (Greedy) NeedsVerifier() bool { return false }
func (Greedy) Samples() int        { return 1 }
func (Greedy) Validate() error     { return nil }

// Search implements Strategy.
func (Greedy) Search(ctx context.Context, t *Tree) error {
	_, err := t.Grow(ctx, Fork{From: t.Root, N: 1, Span: policy.Whole, Greedy: true})
	return err
}
