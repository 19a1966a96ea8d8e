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
// Rounding each W_j on its own makes a level a few children larger or smaller than
// its budget. The authors' code shares out exactly instead: nodes from the best to
// the worst take the ceiling of their part of what is left. Exact says so.
//
// A node that could not be judged counts as reward 0. A node that a limit cut uses
// its place up like one that ended, as in the authors' code.
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
func (r Rebase) Samples() int      { return r.N }

// Validate implements Strategy.
func (r Rebase) Validate() error {
	return cmp.Or(between("strategy.rebase.n", r.N, 1, MaxN), between("strategy.rebase.balance", r.Balance, 0.001, 1000),
		between("strategy.rebase.max_levels", r.MaxLevels, 1, MaxLevels))
}

// Search implements Strategy.
func (r Rebase) Search(ctx context.Context, t *Tree) error {
	depth, budget := 0, r.N
	return levels(ctx, t, t.Grow, func(level []*Node) []Fork {
		nodes := top(len(level), open(level), value)
		budget -= len(level) - len(nodes)
		depth++
		var forks []Fork
		for i, n := range r.share(nodes, budget) {
			if n > 0 {
				fork := next(depth, r.MaxLevels)
				fork.From, fork.N = nodes[i], n
				forks = append(forks, fork)
			}
		}
		return forks
	})
}

// share is how many children each node gets, best node first.
func (r Rebase) share(nodes []*Node, budget int) []int {
	weights, sum := make([]float64, len(nodes)), 0.0
	for i, n := range nodes {
		weights[i] = math.Exp((n.Value - nodes[0].Value) / r.Balance) // softmax does not care for a constant
		sum += weights[i]
	}
	shares := make([]int, len(nodes))
	left := budget
	for i, w := range weights {
		switch {
		case !r.Exact:
			shares[i] = int(math.Round(float64(budget) * w / sum))
		case left > 0: // else sum may be 0, too
			shares[i] = min(left, int(math.Ceil(float64(left)*w/sum)))
			left -= shares[i]
			sum -= w
		}
	}
	if !r.Exact && budget > 0 && len(shares) > 0 && slices.Max(shares) == 0 {
		shares[0] = 1 // rounding must not end a search that has budget left
	}
	return shares
}
