package search

import (
	"context"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Beam is beam search against a PRM (Snell et al. 2024, arXiv 2408.03314, §5.2),
// with N beams and beam width M: "1. sample N initial predictions for the first
// step in the solution; 2. score the generated steps according to the PRM's
// predicted step-wise reward-to-go estimate […]; 3. filter for only the top N/M
// highest scoring steps; 4. now from each candidate, sample M proposals from the
// next step, resulting in a total of N/M × M candidate prefixes again. Then repeat
// steps 2–4 again."
//
// At MaxLevels (40 in the paper) each node that the beam keeps is completed in one request. A
// finished solution leaves the beam.
type Beam struct {
	N, M, MaxLevels int
	// Narrow shrinks the beam, which begins with N/M nodes, by one for each finished solution
	// among the best of a level (Liu et al. 2025, arXiv 2502.06703, in the code). Otherwise the
	// beam keeps N/M open nodes, and a level has N children.
	Narrow bool
	// Dedupe drops a step whose text equals an earlier sibling's.
	Dedupe bool
}

// DefaultWidth is the beam width of Snell et al. 2024, Beeching et al. 2024 and Liu et
// al. 2025.
const DefaultWidth = 4

// defaultLevels is the maximum number of rounds of Snell et al. 2024, §5.2: "40 in our case".
const defaultLevels = 40

// NewBeam returns a beam of n with the paper's parameters: its width is the largest
// divisor of n up to DefaultWidth.
func NewBeam(n int) Beam { return Beam{N: n, M: divisor(n, DefaultWidth), MaxLevels: defaultLevels} }

func (Beam) Name() string        { return "beam" }
func (Beam) NeedsVerifier() bool { return true }
func (Beam) Needs() Needs        { return Needs{Steps: true} }
func (b Beam) Samples() int      { return b.N }

// Validate implements Strategy.
func (b Beam) Validate() error { return validateBeam("strategy.beam", b.N, b.M, b.MaxLevels) }

// Search implements Strategy.
func (b Beam) Search(ctx context.Context, t *Tree) error { return b.search(ctx, t, t.Grow, value) }

// search is Search with a given grower and value function.
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
		return forkEvenly(best, min(b.N, width*b.M), levelFork(depth, b.MaxLevels))
	})
}

// distinct returns the nodes of a level whose text differs from that of earlier siblings.
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

// validateBeam validates the parameters that beam search shares with lookahead and DVTS.
func validateBeam(field string, n, m, maxLevels int) error {
	if err := between(field+".n", n, 1, MaxN); err != nil {
		return err
	}
	if err := divides(field+".m", m, n); err != nil {
		return err
	}
	return between(field+".max_levels", maxLevels, 1, MaxLevels)
}
