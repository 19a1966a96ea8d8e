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

// A Node is a place in a search's tree: the steps that it adds to its parent's path. A
// strategy gets a node when it is written and scored; after that only Children and State
// change.
type Node struct {
	ID       string // ordinals from the root joined by dots; "" is the root
	Parent   *Node
	Depth    int // nodes from the root, which has 0
	Ordinal  int // among its siblings
	Seed     reasoning.Seed
	Steps    []reasoning.Step
	Finish   reasoning.Finish
	Scores   []float64 // of each step of the path that ends here; valid if Scored
	Answer   string    // of the solution that it ends, as written; "" is none
	Value    float64   // the Scores, aggregated; valid if Scored
	Scored   bool
	State    State
	Reason   string // why it failed, or why it has no scores
	Children []*Node
	// Revision marks a node that is another attempt at the problem: its path starts with
	// it, and its ancestors are attempts that the policy is shown.
	Revision bool

	asked int           // children asked for so far: the next one's ordinal
	ready chan struct{} // closed when the node is written and scored, or failed
}

// A State says how far a node is written.
type State int

const (
	StateQueued    State = iota + 1 // asked for, waiting for a worker
	StateRunning                    // a worker writes it
	StateScored                     // written and, where the strategy wants it, scored
	StatePruned                     // the strategy does not continue it
	StateFinished                   // it ends a solution
	StateFailed                     // it could not be written
	StateCancelled                  // the search ended before it was written
)

func (s State) String() string {
	names := []string{"unknown", "queued", "running", "scored", "pruned", "finished", "failed", "cancelled"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

// written reports whether n has been written, now that it is ready.
func (n *Node) written() bool { return n.State != StateFailed && n.State != StateCancelled }

// Open reports whether n can be continued.
func (n *Node) Open() bool { return n.Parent == nil || n.Finish == reasoning.FinishStep }

// Done reports whether n ends a solution. A node that a token limit cut is neither open
// nor done: it has no answer.
func (n *Node) Done() bool { return n.Finish == reasoning.FinishEnd }

// Up yields n, its parent, and so on to the root.
func (n *Node) Up() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for ; n != nil && yield(n); n = n.Parent {
		}
	}
}

// Path returns the steps from the start of n's attempt, or the root, to the end of n.
func (n *Node) Path() []reasoning.Step {
	var parts [][]reasoning.Step
	for n := range n.Up() {
		parts = append(parts, n.Steps)
		if n.Revision {
			break
		}
	}
	slices.Reverse(parts)
	return slices.Concat(parts...)
}

// context returns what the policy is shown to write n: the latest whole attempts before
// n's, oldest first, at most policy.MaxAttempts, with feedback after each if wanted, and
// the steps of n's own attempt before n.
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

// feedback returns in words how the verifier scores a solution, and the first step that
// it scores below one half, which is rather wrong than right.
func (n *Node) feedback() string {
	doubts := "none of its steps"
	if i := slices.IndexFunc(n.Scores, func(s float64) bool { return s < 0.5 }); i >= 0 {
		doubts = "it from this step on: " + strings.TrimSpace(n.Path()[i].Text)
	}
	return fmt.Sprintf("A verifier gives this attempt %.2f of 1 and doubts %s", n.Value, doubts)
}

// newChild returns the next child of n, not yet written.
func (n *Node) newChild(revision bool) *Node {
	id := strconv.Itoa(n.asked)
	if n.ID != "" {
		id = n.ID + "." + id
	}
	child := &Node{
		ID: id, Parent: n, Depth: n.Depth + 1, Ordinal: n.asked, Seed: n.Seed.Child(n.asked), Revision: revision,
		ready: make(chan struct{}),
	}
	n.asked++
	return child
}
