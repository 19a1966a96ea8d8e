package search

import (
	"context"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Beam is beam search against a PRM (Snell et al. 2024, arXiv 2408.03314, §5.1),
// with N beams and beam width M: "1. sample N initial predictions for the first
// step in the solution; 2. score the generated steps according to the PRM's
// predicted step-wise reward-to-go estimate […]; 3. filter for only the top N/M
// highest scoring steps; 4. now from each candidate, sample M proposals from the
// next step, resulting in a total of N/M × M candidate prefixes again. Then repeat
// steps 2–4 again."
//
// A solution that ends leaves the beam, and its place goes to the open ones: a
// level always has N children. In the last of MaxLevels levels ("40 rounds" in the
// paper) the beams run to their ends.
type Beam struct{ N, M, MaxLevels int }

func (Beam) Name() string   { return "beam" }
func (Beam) Judged() bool   { return true }
func (b Beam) Samples() int { return b.N }

// Validate implements Strategy.
func (b Beam) Validate() error {
	switch {
	case b.N < 1 || b.N > MaxN:
		return validN("strategy.beam.n", b.N)
	case b.M < 1 || b.M > b.N || b.N%b.M != 0:
		return reasoning.Invalid("strategy.beam.m", "must divide n = %d, is %d", b.N, b.M)
	case b.MaxLevels < 1 || b.MaxLevels > 256:
		return reasoning.Invalid("strategy.beam.max_levels", "must be 1 to 256, is %d", b.MaxLevels)
	}
	return nil
}

// Search implements Strategy.
func (b Beam) Search(ctx context.Context, t *Tree) error {
	depth := 0
	return levels(ctx, t, func(level []*Node) []Fork {
		depth++
		next := Fork{Span: 1, Judge: true}
		if depth >= b.MaxLevels {
			next.Span = policy.Whole
		}
		return share(top(b.N/b.M, open(level)), b.N, next)
	})
}
