package search

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Node is a place in a search's tree: the steps that it adds to its parent's
// path. A strategy sees a node only once it is written and judged; after that only
// Kids and State change.
type Node struct {
	ID       string // ordinals from the root joined by dots; "" is the root
	Parent   *Node
	Depth    int // nodes from the root, which has 0
	Ordinal  int // among its siblings
	Seed     reasoning.Seed
	Steps    []reasoning.Step
	Finish   reasoning.Finish
	Scores   []float64 // of each step of the path, as judged with this node; valid if Judged
	Answer   string    // of the solution that it ends, as written; "" is none
	Value    float64   // the Scores, aggregated; valid if Judged
	Scored   bool
	State    State
	Reason   string // why it failed, or why it is not judged
	Children []*Node
	// Revision says that the node is another attempt at the problem: its path starts
	// with it, and its ancestors are attempts that its writer has seen.
	Revision bool

	asked int           // children asked for so far: the next one's ordinal
	ready chan struct{} // closed when it is written and judged, or failed
}

// A State is how far a node has come.
type State int

const (
	StateQueued   State = iota + 1 // asked for, waiting for a worker
	StateRunning                   // a worker is writing it
	StateScored                    // written and, where the strategy wants it, judged
	StatePruned                    // the strategy does not follow it
	StateFinished                  // it ends its solution
	StateFailed                    // it could not be written
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

// Path is all steps from the start of n's attempt, mostly the root, to the end of n.
func (n *Node) Path() []reasoning.Step {
	var parts [][]reasoning.Step
	for a := range n.Up() {
		parts = append(parts, a.Steps)
		if a.Revision {
			break
		}
	}
	slices.Reverse(parts)
	return slices.Concat(parts...)
}

// context is what the writer of n sees: the latest whole attempts before n's, oldest
// first, at most policy.MaxAttempts, with feedback after each if wanted, and the steps
// of n's own attempt before n.
func (n *Node) context(feedback bool) (attempts, steps []string) {
	first := n
	for !first.Revision && first.Parent != nil {
		first = first.Parent
	}
	if n != first {
		steps = reasoning.Texts(n.Parent.Path())
	}
	for a := first; a.Revision && a.Parent != nil && len(attempts) < policy.MaxAttempts; {
		if a = a.Parent; a.Done() {
			attempt := reasoning.Join(a.Path())
			if feedback && a.Scored {
				attempt = strings.TrimRight(attempt, "\n") + "\n" + a.feedback() + "\n"
			}
			attempts = append(attempts, attempt)
		}
		for !a.Revision && a.Parent != nil {
			a = a.Parent
		}
	}
	slices.Reverse(attempts)
	return attempts, steps
}

// feedback is what the verifier thinks of a judged solution, in words. Verifiers learn
// to tell right steps from wrong ones: below one half a step is rather wrong.
func (n *Node) feedback() string {
	doubts := "none of its steps"
	if i := slices.IndexFunc(n.Scores, func(s float64) bool { return s < 0.5 }); i >= 0 {
		doubts = "it from this step on: " + strings.TrimSpace(n.Path()[i].Text)
	}
	return fmt.Sprintf("A verifier gives this attempt %.2f of 1 and doubts %s", n.Value, doubts)
}

// newChild is the next child of n, not yet written.
func (n *Node) newChild(revision bool) *Node {
	id := strconv.Itoa(n.asked)
	if n.ID != "" {
		id = n.ID + "." + id
	}
	kid := &Node{
		ID: id, Parent: n, Depth: n.Depth + 1, Ordinal: n.asked, Seed: n.Seed.Child(n.asked), Revision: revision, ready: make(chan struct{}),
	}
	n.asked++
	return kid
}
