package search

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Revisions are N attempts in concurrent Chains, in each of which an attempt is conditioned
// on those before it (Snell et al. 2024, arXiv 2408.03314, §6.1: "we
// […] sample the next revision conditioned on the […] most recent four revised
// answers"). N chains are best-of-N, 1 chain is fully sequential: "there exists an
// ideal sequential to parallel ratio" (§6.2). It needs a policy that revises.
//
// The answer is chosen in two steps: "we first select the best answer within each
// revision chain […] using best-of-N weighted, and then across chains" (§6.1,
// appendix). Flat chooses among all attempts at once, as majority does there.
//
// A chain waits for another only for what it leaves of a budget. An attempt that a token
// limit cut is not shown to later ones.
type Revisions struct {
	N, Chains  int
	Flat       bool
	NoVerifier bool // without a verifier: majority within and across chains
	// Feedback appends to each attempt that the policy is shown, as text, its score and the first
	// step that scores below 0.5 (ours, not of the paper; for instruction-following policies).
	Feedback bool
}

// NewRevisions returns n attempts in concurrent chains; the number of chains is the largest
// divisor of n that is at most the square root of n.
func NewRevisions(n int) Revisions {
	return Revisions{N: n, Chains: divisor(n, int(math.Sqrt(float64(max(n, 0)))))}
}

func (Revisions) Name() string          { return "revisions" }
func (r Revisions) NeedsVerifier() bool { return !r.NoVerifier }
func (r Revisions) Samples() int        { return r.N }

// Needs implements Needer.
func (r Revisions) Needs() Needs { return Needs{Attempts: r.N > r.Chains, Feedback: r.Feedback} }

// Validate implements Strategy.
func (r Revisions) Validate() error {
	err := cmp.Or(
		between("strategy.revisions.n", r.N, 1, MaxN),
		between("strategy.revisions.chains", r.Chains, 1, r.N),
	)
	if err != nil {
		return err
	}
	if err := divides("strategy.revisions.chains", r.Chains, r.N); err != nil {
		return err
	}
	if r.Feedback && r.NoVerifier {
		return reasoning.Invalid("strategy.revisions.feedback", "needs a verifier: must be false with no_verifier")
	}
	if length := r.N / r.Chains; length > MaxLevels {
		return reasoning.Invalid("strategy.revisions.n", "must be at most %d per chain, is %d: use more chains",
			MaxLevels, length)
	}
	return nil
}

// Search implements Strategy.
func (r Revisions) Search(ctx context.Context, t *Tree) error {
	start := func(ctx context.Context) *Growth {
		return t.Start(ctx, Fork{From: t.Root, N: 1, Span: policy.Whole, Score: !r.NoVerifier})
	}
	err := runBranches(ctx, t, r.Chains, start, func(ctx context.Context, g *Growth) error {
		for i := 1; ; i++ {
			attempt, err := g.Wait()
			if err != nil || i == r.N/r.Chains {
				return err
			}
			g = t.Start(ctx, Fork{
				From: attempt[0], N: 1, Span: policy.Whole, Score: !r.NoVerifier, Revise: true, Feedback: r.Feedback,
			})
		}
	})
	if !r.Flat && t.Problem.Extract != nil {
		t.Finalists = r.winners(t)
	}
	return err
}

// winners returns the best attempt of each chain.
func (r Revisions) winners(t *Tree) []*Node {
	within := Choice{} // majority
	if !r.NoVerifier {
		within.By = ByAggregator(max(t.Problem.Aggregator, verifier.AggregatorMin))
	}
	var best []*Node
	for _, start := range t.Root.Children {
		var chain []*Node
		if start.Done() {
			chain = append(chain, start)
		}
		chain = slices.AppendSeq(chain, (&Tree{Root: start}).Solutions())
		if ranked, err := within.Rank(chain, t.Problem.key); err == nil && len(ranked) > 0 {
			best = append(best, ranked[0].Node)
		}
	}
	return best
}
