package search

import (
	"iter"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Node is a place in a search's tree: the steps that it adds to its parent's
// path. A strategy sees a node only once it is written and judged; after that only
// Kids and State change.
type Node struct {
	ID      string // ordinals from the root joined by dots; "" is the root
	Parent  *Node
	Depth   int // nodes from the root, which has 0
	Ordinal int // among its siblings
	Seed    reasoning.Seed
	Steps   []reasoning.Step
	Finish  reasoning.Finish
	Scores  []float64 // of each step of the path, as judged with this node; valid if Judged
	Value   float64   // the Scores, aggregated; valid if Judged
	Judged  bool
	State   State
	Reason  string // why it failed, or why it is not judged
	Kids    []*Node

	asked int // children asked for so far: the next one's ordinal
}

// A State is how far a node has come.
type State int

const (
	Queued   State = iota + 1 // asked for, waiting for a worker
	Running                   // a worker is writing it
	Scored                    // written and, where the strategy wants it, judged
	Pruned                    // the strategy does not follow it
	Finished                  // it ends its solution
	Failed                    // it could not be written
)

func (s State) String() string {
	names := []string{"unknown", "queued", "running", "scored", "pruned", "finished", "failed"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

// Open says whether n can be continued.
func (n *Node) Open() bool { return n.Parent == nil || n.Finish == reasoning.FinishStep }

// Done says whether n ends a solution. A node that a token limit cut is neither
// open nor done: it is not an answer.
func (n *Node) Done() bool { return n.Finish == reasoning.FinishEnd }

// Up yields n, its parent, and so on to the root.
func (n *Node) Up() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for ; n != nil && yield(n); n = n.Parent {
		}
	}
}

// Path is all steps from the root to the end of n.
func (n *Node) Path() []reasoning.Step {
	var parts [][]reasoning.Step
	for a := range n.Up() {
		parts = append(parts, a.Steps)
	}
	slices.Reverse(parts)
	return slices.Concat(parts...)
}

// newKid is the next child of n, not yet written.
func (n *Node) newKid() *Node {
	id := strconv.Itoa(n.asked)
	if n.ID != "" {
		id = n.ID + "." + id
	}
	kid := &Node{ID: id, Parent: n, Depth: n.Depth + 1, Ordinal: n.asked, Seed: n.Seed.Child(n.asked)}
	n.asked++
	return kid
}
