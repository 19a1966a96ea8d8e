package search

import (
	"cmp"
	"context"
	"slices"

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
// In the last of MaxLevels levels ("40 rounds" in the paper) the beams run to their
// ends. A solution that ends leaves the beam and is never copied.
type Beam struct {
	N, M, MaxLevels int
	// Narrow lets each solution that ends among the best N/M take its place with it,
	// so that the beam gets narrower (Liu et al. 2025, arXiv 2502.06703, in its
	// code). Else its place goes to the open ones: a level always has N children.
	Narrow bool
	// Dedupe passes over a step whose text a sibling has already.
	Dedupe bool
}

// DefaultWidth is the beam width of Snell et al. 2024, Beeching et al. 2024 and Liu et
// al. 2025.
const DefaultWidth = 4

// defaultLevels is the "40 rounds" of Snell et al. 2024, §5.1.
const defaultLevels = 40

// NewBeam returns a beam of n with the paper's parameters: its width is the largest
// divisor of n up to DefaultWidth.
func NewBeam(n int) Beam { return Beam{N: n, M: divisor(n, DefaultWidth), MaxLevels: defaultLevels} }

func (Beam) Name() string        { return "beam" }
func (Beam) NeedsVerifier() bool { return true }
func (b Beam) Samples() int      { return b.N }

// Validate implements Strategy.
func (b Beam) Validate() error { return validBeam("strategy.beam", b.N, b.M, b.MaxLevels) }

// Search implements Strategy.
func (b Beam) Search(ctx context.Context, t *Tree) error { return b.search(ctx, t, t.Grow, value) }

// search grows t as Search does, with another way to grow a level and to value its nodes.
func (b Beam) search(ctx context.Context, t *Tree, grow grower, value func(*Node) (float64, bool)) error {
	depth, width := 0, b.N/b.M
	return levels(ctx, t, grow, func(level []*Node) []Fork {
		if b.Dedupe {
			level = distinct(level)
		}
		best := bestOf(width, open(level), value)
		if b.Narrow {
			best = bestOf(width, notTruncated(level), value)
			width -= len(best) - len(open(best))
			best = open(best)
		}
		depth++
		return forkEvenly(best, min(b.N, width*b.M), next(depth, b.MaxLevels))
	})
}

// next returns how the children of a level are asked for: one step each, and in the last
// level whole solutions.
func next(depth, maxLevels int) Fork {
	if depth >= maxLevels {
		return Fork{Span: policy.Whole, Score: true}
	}
	return Fork{Span: 1, Score: true}
}

// distinct returns a level without the nodes whose text an earlier sibling has.
func distinct(level []*Node) []*Node {
	type text struct {
		parent *Node
		steps  string
	}
	seen := map[text]bool{}
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool {
		k := text{n.Parent, reasoning.Join(n.Steps)}
		duplicate := seen[k]
		seen[k] = true
		return duplicate
	})
}

func validBeam(field string, n, m, maxLevels int) error {
	if n >= 1 && n <= MaxN && (m < 1 || m > n || n%m != 0) {
		return reasoning.Invalid(field+".m", "must divide n = %d, is %d", n, m)
	}
	return cmp.Or(between(field+".n", n, 1, MaxN), between(field+".max_levels", maxLevels, 1, MaxLevels))
}
