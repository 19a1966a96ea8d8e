package search

import (
	"slices"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A Fork is a request for N children of node From: the tree branches there.
type Fork struct {
	From      *Node
	N         int
	Span      int  // steps of a child, or policy.Whole
	Greedy    bool // decode at temperature 0
	Score     bool // score the children
	ScoreEnds bool // score the children that end (FinishEnd or FinishLength)
	// Revise makes each child a revision: a whole new attempt at the problem, conditioned on the
	// attempts on From's path.
	Revise bool
	// Feedback appends the verifier's scores to each of these attempts, as text: see
	// Node.feedback.
	Feedback bool
}

// levelFork returns a Fork, without From and N, whose children are at this depth: each child is
// one step or, at maxLevels, the rest of a solution.
func levelFork(depth, maxLevels int) Fork {
	if depth >= maxLevels {
		return Fork{Span: policy.Whole, Score: true}
	}
	return Fork{Span: 1, Score: true}
}

// forkEvenly splits n children evenly among nodes; the first n mod len(nodes) nodes get one
// more.
func forkEvenly(nodes []*Node, n int, fork Fork) []Fork {
	var forks []Fork
	for i, node := range nodes {
		fork.From, fork.N = node, n/len(nodes)
		if i < n%len(nodes) {
			fork.N++
		}
		if fork.N > 0 {
			forks = append(forks, fork)
		}
	}
	return forks
}

// forkCounted returns one Fork for each distinct node, in order; N is how often the node occurs
// in nodes.
func forkCounted(nodes []*Node, fork Fork) []Fork {
	var forks []Fork
	for _, n := range nodes {
		i := slices.IndexFunc(forks, func(f Fork) bool { return f.From == n })
		if i < 0 {
			i = len(forks)
			fork.From, fork.N = n, 0
			forks = append(forks, fork)
		}
		forks[i].N++
	}
	return forks
}
