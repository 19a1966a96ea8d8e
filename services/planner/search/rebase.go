package search

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Rebase is reward balanced search (Wu et al. 2024, arXiv 2408.00724, §3.2): a level
// of B_i children is shared among the open nodes by the softmax of their rewards,
// "W_j = Round(B_i · exp(R(n_j)/T_b) / Σ_k exp(R(n_k)/T_b))", and the budget shrinks
// by the solutions that ended: "B_{i+1} ← B_i − C_i, where C_i is the number of
// completed solutions at depth i".
//
// Because each W_j is rounded by itself, a level may have a few children more or fewer than its
// budget. With Exact, widths are computed as in the authors' code: from the best node to the
// worst, each gets the ceiling of its share of the remaining budget.
//
// A node without scores counts as reward 0. A node that a token limit cut reduces the budget
// like one that ended, as in the authors' code.
type Rebase struct {
	N         int
	Balance   float64 // T_b: 0.2 in the paper; the smaller, the more the best node gets
	Exact     bool
	MaxLevels int
}

// NewRebase returns a search of width n with the parameters of the paper and, for
// MaxLevels, of the authors' code.
func NewRebase(n int) Rebase { return Rebase{N: n, Balance: 0.2, MaxLevels: 25} }

func (Rebase) Name() string        { return "rebase" }
func (Rebase) NeedsVerifier() bool { return true }
func (Rebase) Needs() Needs        { return Needs{Steps: true} }
func (r Rebase) Samples() int      { return r.N }

// Validate implements Strategy.
func (r Rebase) Validate() error {
	return cmp.Or(
		between("strategy.rebase.n", r.N, 1, MaxN),
		between("strategy.rebase.balance", r.Balance, 0.001, 1000),
		between("strategy.rebase.max_levels", r.MaxLevels, 1, MaxLevels),
	)
}

// Search implements Strategy.
func (r Rebase) Search(ctx context.Context, t *Tree) error {
	depth, budget := 0, r.N
	return levels(ctx, t, t.Grow, func(level []*Node) []Fork {
		nodes := bestOf(len(level), open(level), value)
		budget -= len(level) - len(nodes)
		depth++
		var forks []Fork
		for i, n := range r.widths(nodes, budget) {
			if n > 0 {
				fork := levelFork(depth, r.MaxLevels)
				fork.From, fork.N = nodes[i], n
				forks = append(forks, fork)
			}
		}
		return forks
	})
}

// widths returns how many children each node gets, best node first.
func (r Rebase) widths(nodes []*Node, budget int) []int {
	weights, sum := make([]float64, len(nodes)), 0.0
	for i, n := range nodes {
		weights[i] = math.Exp((n.Value - nodes[0].Value) / r.Balance) // a constant cancels in the softmax
		sum += weights[i]
	}
	widths := make([]int, len(nodes))
	remaining := budget
	for i, w := range weights {
		switch {
		case !r.Exact:
			widths[i] = int(math.Round(float64(budget) * w / sum))
		case remaining > 0: // otherwise sum may be 0
			widths[i] = min(remaining, int(math.Ceil(float64(remaining)*w/sum)))
			remaining -= widths[i]
			sum -= w
		}
	}
	if !r.Exact && budget > 0 && len(widths) > 0 && slices.Max(widths) == 0 {
		widths[0] = 1 // rounding must not end a search that has budget left
	}
	return widths
}
