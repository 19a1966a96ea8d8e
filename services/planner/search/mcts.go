package search

import (
	"cmp"
	"context"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
)

// MCTS is Monte Carlo tree search over steps: N simulations from the root, each to the end of a
// solution. A simulation goes from an expanded node to the child that maximises
//
//	UCT   Q + c·√(ln V_parent / V)
//	PUCT  Q + c(V_parent)·P·√V_parent / (V + 1)
//
// where V counts visits, Q is the mean value of the simulations through a child (before the
// first: its own score), P is the policy's probability of the step, normalised by its length
// and then among siblings, c in UCT is Exploration, and
// c(V) in PUCT is Exploration · (ln((V + 19653) / 19652) + 1.25).
//
// UCT is of Kocsis and Szepesvári 2006 (here as in Hao et al. 2023, arXiv 2305.14992, §3.3),
// PUCT of Silver et al. 2017 (here as in OpenR, arXiv 2410.09671).
//
// At an open node that is not expanded the simulation expands it: Width children are generated
// and scored. The value of a simulation is that of the solution it ends in, and 0 if a token
// limit cut that solution.
//
// Simulations run in groups of Parallel, in lock step: they wait for each other. A simulation
// counts its visits on the way down and its value once all of the group have ended, so that
// concurrent simulations select other nodes ("virtual loss", Chaslot et al. 2008).
type MCTS struct {
	N           int     // simulations
	Width       int     // children of an expanded node
	Parallel    int     // concurrent simulations
	PUCT        bool    // select by PUCT; otherwise by UCT
	Exploration float64 // see the formulas above
	// Rollout values a newly expanded node by one whole solution sampled from the child that
	// selection picks. Otherwise the simulation continues to the end of a solution, whose score
	// is its value.
	Rollout   bool
	Final     Final
	MaxLevels int
}

// A Final determines how an MCTS picks its answer.
type Final int

const (
	FinalVote   Final = iota + 1 // by the search's Choice, among all solutions
	FinalVisits                  // at the end of the path that takes the most visited child of each node
	FinalValue                   // at the end of the path that takes the child with the highest mean value
)

// Finals lists all values of Final.
var Finals = []Final{FinalVote, FinalVisits, FinalValue}

func (f Final) String() string {
	if f < FinalVote || f > FinalValue {
		return "unknown"
	}
	return []string{"vote", "visits", "value"}[f-1]
}

// validate returns a *reasoning.InvalidError unless f is one of Finals.
func (f Final) validate(field string) error {
	if !slices.Contains(Finals, f) {
		return reasoning.Invalid(field, "%d must be one of %v", int(f), Finals)
	}
	return nil
}

// NewMCTS returns an MCTS of n simulations, four at a time, with four children per node, that
// selects by UCT with c = 1 and picks the answer by vote.
func NewMCTS(n int) MCTS {
	return MCTS{
		N: n, Width: min(n, DefaultWidth), Parallel: min(n, DefaultWidth), Exploration: 1, Final: FinalVote,
		MaxLevels: defaultLevels,
	}
}

func (MCTS) Name() string        { return "mcts" }
func (MCTS) NeedsVerifier() bool { return true }
func (m MCTS) Samples() int      { return m.N * m.Width }

// Needs implements Needer. PUCT compares the probabilities of siblings.
func (m MCTS) Needs() Needs { return Needs{Steps: true, LogProbs: m.PUCT} }

// Validate implements Strategy.
func (m MCTS) Validate() error {
	return cmp.Or(
		between("strategy.mcts.n", m.N, 1, MaxN),
		between("strategy.mcts.width", m.Width, 1, 64),
		between("strategy.mcts.parallel", m.Parallel, 1, m.N),
		between("strategy.mcts.exploration", m.Exploration, 0, 1000),
		m.Final.validate("strategy.mcts.final"),
		between("strategy.mcts.max_levels", m.MaxLevels, 1, MaxLevels),
	)
}

// Search implements Strategy.
func (m MCTS) Search(ctx context.Context, t *Tree) error {
	sims := simulations{MCTS: m, tree: t, stats: map[*Node]*stat{}}
	var err error
	for done := 0; done < m.N && err == nil; done += m.Parallel {
		err = sims.simulate(ctx, min(m.Parallel, m.N-done))
	}
	for _, n := range open(slices.Collect(t.Nodes())) {
		if len(n.Children) == 0 {
			t.Prune(n)
		}
	}
	if best := sims.best(); m.Final != FinalVote && best.Done() {
		t.Finalists = []*Node{best}
	}
	return err
}
