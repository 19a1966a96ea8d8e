package search

import (
	"context"
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// simulations holds the state of an MCTS: its tree and the statistics of each node. The papers
// also call a simulation an iteration (Hao et al.) or a rollout; here a rollout is the last part
// of a simulation.
type simulations struct {
	MCTS
	tree         *Tree
	stats        map[*Node]*stat
	failedBefore bool // the last expansion failed
}

// simulate runs n simulations in lock step and then backs up their values.
func (s *simulations) simulate(ctx context.Context, n int) error {
	at := make([]*Node, n) // position of each simulation
	for i := range at {
		at[i] = s.tree.Root
		s.stat(at[i]).visits++
	}
	active := slices.Repeat([]bool{true}, n)
	for {
		leaves := s.descend(at, active)
		if len(leaves) == 0 {
			break
		}
		if err := s.expand(ctx, leaves); err != nil {
			return err
		}
		for i := range at {
			active[i] = active[i] && len(s.stat(at[i]).children) > 0 // no children: the expansion failed
		}
		if s.Rollout {
			if err := s.rollout(ctx, at, active); err != nil {
				return err
			}
		}
	}
	for _, end := range at {
		for n := range end.Up() {
			if end.Done() {
				s.stat(n).sum += end.Value
			}
		}
	}
	return nil
}

// descend moves each active simulation to a node that is not expanded and returns the distinct
// open ones.
func (s *simulations) descend(at []*Node, active []bool) (leaves []*Node) {
	for i := range at {
		for active[i] && len(s.stat(at[i]).children) > 0 {
			at[i] = s.selectChild(at[i])
		}
		active[i] = active[i] && at[i].Open()
		if active[i] && !slices.Contains(leaves, at[i]) {
			leaves = append(leaves, at[i])
		}
	}
	return leaves
}

// expand expands the leaves. If an expansion fails, its simulations end with value 0; a second
// failure in a row, or one at the root, ends the search.
func (s *simulations) expand(ctx context.Context, leaves []*Node) error {
	var forks []Fork
	for _, n := range leaves {
		fork := levelFork(n.Depth+1, s.MaxLevels)
		fork.From, fork.N = n, s.Width
		forks = append(forks, fork)
	}
	grown, err := s.tree.Grow(ctx, forks...)
	for _, n := range grown {
		parent := s.stat(n.Parent)
		parent.children = append(parent.children, n)
	}
	for _, n := range leaves {
		s.setPriors(s.stat(n).children)
	}
	if err != nil && !endsSearch(ctx, err) && !s.failedBefore && len(s.tree.Root.Children) > 0 {
		s.tree.fault("some expansions failed: %v", err)
		s.failedBefore = true
		return nil
	}
	s.failedBefore = false
	return err
}

// setPriors sets each prior to the length-normalised probability of the step, normalised over
// siblings.
func (s *simulations) setPriors(siblings []*Node) {
	sum := 0.0
	for _, n := range siblings {
		s.stat(n).prior = reasoning.Certainty(n.Steps)
		sum += s.stat(n).prior
	}
	for _, n := range siblings {
		s.stat(n).prior /= max(sum, math.SmallestNonzeroFloat64)
	}
}

// rollout ends each active simulation by one whole sample from the child that selection picks.
func (s *simulations) rollout(ctx context.Context, at []*Node, active []bool) error {
	rollouts := make([]*Growth, len(at))
	for i := range at {
		if !active[i] {
			continue
		}
		at[i], active[i] = s.selectChild(at[i]), false
		if at[i].Open() {
			rollouts[i] = s.tree.Start(ctx, Fork{From: at[i], N: 1, Span: policy.Whole, Score: true})
		}
	}
	var failed error
	for i, g := range rollouts {
		if g == nil {
			continue
		}
		ends, err := g.Wait()
		for _, n := range ends {
			at[i] = n
		}
		switch {
		case err == nil || failed != nil:
		case endsSearch(ctx, err):
			failed = err
		default:
			s.tree.fault("some rollouts failed: %v", err)
		}
	}
	return failed
}

// stat returns the statistics of a node.
func (s *simulations) stat(n *Node) *stat {
	if s.stats[n] == nil {
		s.stats[n] = &stat{}
	}
	return s.stats[n]
}

// selectChild returns the child of n that a simulation descends to, and counts the visit.
func (s *simulations) selectChild(n *Node) *Node {
	total := float64(s.stat(n).visits)
	best := argmax(s.stat(n).children, func(k *Node) float64 {
		st := s.stat(k)
		visits, q := float64(st.visits), k.Value
		if st.visits > 0 {
			q = st.mean()
		}
		if s.PUCT {
			// c_base and c_init of AlphaZero (Silver et al. 2018).
			c := s.Exploration * (math.Log((total+19653)/19652) + 1.25)
			return q + c*st.prior*math.Sqrt(total)/(visits+1)
		}
		if st.visits == 0 {
			return 1e9 + k.Value // unexplored children come first, the best of them first
		}
		return q + s.Exploration*math.Sqrt(math.Log(total)/visits)
	})
	s.stat(best).visits++
	return best
}

// best follows the rule of Final from the root to a leaf.
func (s *simulations) best() *Node {
	n := s.tree.Root
	for len(s.stat(n).children) > 0 {
		n = argmax(s.stat(n).children, func(k *Node) float64 {
			st := s.stat(k)
			switch {
			case st.visits == 0:
				return -1
			case s.Final == FinalVisits:
				return float64(st.visits) + st.mean()/2 // a mean is at most 1: it breaks ties
			}
			return st.mean()
		})
	}
	// A leaf may have rollouts: return the best finished one.
	for _, end := range bestOf(1, notTruncated(without(n.Children, open(n.Children))), value) {
		return end
	}
	return n
}

// argmax returns the first of the nodes for which f is largest.
func argmax(nodes []*Node, f func(*Node) float64) *Node {
	best, most := nodes[0], math.Inf(-1)
	for _, n := range nodes {
		if v := f(n); v > most {
			best, most = n, v
		}
	}
	return best
}
