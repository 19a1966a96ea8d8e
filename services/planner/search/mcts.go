package search

import (
	"cmp"
	"context"
	"slices"
)

// MCTS is Monte Carlo tree search over steps: N walks from the root, each to a
// solution's end. A walk goes from an expanded node to the child that maximises
//
//	UCT   Q + c·√(ln V_parent / V)
//	PUCT  Q + c(V_parent)·P·√V_parent / (V + 1)
//
// (UCT: Kocsis and Szepesvári 2006; Hao et al. 2023, arXiv 2305.14992, §3.3. PUCT: Silver
// et al. 2017; as in OpenR, arXiv 2410.09671)
// where V counts visits, Q is the mean value of the walks through a child (before any:
// its own score), P is the policy's probability of the step, normalised by its length
// and then among siblings, and c(V) = ln((V + 19653) / 19652) + 1.25 times Exploration.
// At an open node that is not expanded the walk has Width children written and scored.
// Its value is that of the solution it ends in, and 0 where a token limit cut it.
//
// Walks go Parallel at a time, in lock step: such a batch is a barrier. A walk counts
// its visits on the way down and its value once the whole batch has ended, so that
// walks beside it go elsewhere ("virtual loss", Chaslot et al. 2008).
type MCTS struct {
	N           int     // walks
	Width       int     // children of an expanded node
	Parallel    int     // walks at a time
	PUCT        bool    // else UCT
	Exploration float64 // c of UCT, and the factor on c of PUCT
	// Rollout values a newly expanded node by one whole solution sampled from its
	// best child; else the walk itself goes on to the end of a solution, whose
	// score is the value.
	Rollout   bool
	Final     Final
	MaxLevels int
}

// A Final says how an MCTS picks its answer.
type Final int

const (
	FinalVote   Final = iota + 1 // by the search's Choice, among all solutions
	FinalVisits                  // by descending from the root to the most visited child
	FinalValue                   // by descending to the child of the highest mean value
)

// Finals are all values of Final.
var Finals = []Final{FinalVote, FinalVisits, FinalValue}

func (f Final) String() string {
	if f < FinalVote || f > FinalValue {
		return "unknown"
	}
	return []string{"vote", "visits", "value"}[f-1]
}

// NewMCTS returns an MCTS of n walks that go four at a time, with four children of a
// node, by UCT with c = 1, and pick the answer by vote.
func NewMCTS(n int) MCTS {
	return MCTS{
		N: n, Width: min(n, DefaultWidth), Parallel: min(n, DefaultWidth), Exploration: 1, Final: FinalVote,
		MaxLevels: defaultLevels,
	}
}

func (MCTS) Name() string        { return "mcts" }
func (MCTS) NeedsVerifier() bool { return true }
func (m MCTS) Samples() int      { return m.N * m.Width }

// Validate implements Strategy.
func (m MCTS) Validate() error {
	return cmp.Or(
		between("strategy.mcts.n", m.N, 1, MaxN),
		between("strategy.mcts.width", m.Width, 1, 64),
		between("strategy.mcts.parallel", m.Parallel, 1, m.N),
		between("strategy.mcts.exploration", m.Exploration, 0, 1000),
		between("strategy.mcts.final", int(m.Final), int(FinalVote), int(FinalValue)),
		between("strategy.mcts.max_levels", m.MaxLevels, 1, MaxLevels),
	)
}

// Search implements Strategy.
func (m MCTS) Search(ctx context.Context, t *Tree) error {
	w := walks{MCTS: m, tree: t, stats: map[*Node]*stat{}}
	var err error
	for done := 0; done < m.N && err == nil; done += m.Parallel {
		err = w.batch(ctx, min(m.Parallel, m.N-done))
	}
	for _, n := range open(slices.Collect(t.Nodes())) {
		if len(n.Children) == 0 {
			t.Prune(n)
		}
	}
	if best := w.best(); m.Final != FinalVote && best.Done() {
		t.Finalists = []*Node{best}
	}
	return err
}
