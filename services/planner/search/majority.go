package search

import (
	"context"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Majority is self-consistency (Wang et al. 2022, arXiv 2203.11171, §2): "we first
// […] sample from the language model's decoder to generate a diverse set of
// reasoning paths; […] and then aggregate by choosing the most consistent answer".
// It needs no verifier.
type Majority struct{ N int }

func (Majority) Name() string      { return "majority" }
func (Majority) Judged() bool      { return false }
func (m Majority) Samples() int    { return m.N }
func (m Majority) Validate() error { return validN("strategy.majority.n", m.N) }

// Search implements Strategy.
func (m Majority) Search(ctx context.Context, t *Tree) error {
	_, err := t.Grow(ctx, Fork{From: t.Root, N: m.N, Span: policy.Whole})
	return err
}

func validN(field string, n int) error {
	if n < 1 || n > MaxN {
		return reasoning.Invalid(field, "must be 1 to %d, is %d", MaxN, n)
	}
	return nil
}
