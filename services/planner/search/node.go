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

// A Node is a node of the search tree: the steps that it appends to its parent's path. A
// strategy may read a node once its Growth has returned it; from then on only Children and
// State change.
type Node struct {
	ID       string // ordinals from the root joined by dots; "" is the root
	Parent   *Node
	Depth    int // distance from the root
	Ordinal  int // index among the siblings in the order of requests; selects the seed
	Seed     reasoning.Seed
	Steps    []reasoning.Step
	Finish   reasoning.Finish
	Scores   []float64 // one for each step of Path; valid if Scored
	Answer   string    // as generated, if the node ends a solution; otherwise ""
	Value    float64   // aggregate of Scores; valid if Scored
	Scored   bool
	State    State
	Reason   string // why the node failed or has no scores
	Children []*Node
	// Revision marks the first node of a revision, a new attempt at the problem: Path starts
	// here, and the ancestors are the attempts that the policy is shown.
	Revision bool

	nextOrdinal int           // of the next child
	ready       chan struct{} // closed when the node is generated and scored, or failed
}

// A State is the state of a node.
type State int

const (
	StateQueued    State = iota + 1 // requested, waiting for a worker
	StateRunning                    // a worker is generating it
	StateScored                     // generated; scored if its Fork has Score and scoring succeeded
	StatePruned                     // the strategy will not continue it
	StateFinished                   // it ends a solution
	StateFailed                     // it could not be generated
	StateCancelled                  // the search ended before it was generated
)

func (s State) String() string {
	names := []string{"unknown", "queued", "running", "scored", "pruned", "finished", "failed", "cancelled"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

// failed reports whether n failed or was cancelled.
func (n *Node) failed() bool { return n.State == StateFailed || n.State == StateCancelled }

// Open reports whether n can be continued.
func (n *Node) Open() bool { return n.Parent == nil || n.Finish == reasoning.FinishStep }

// Done reports whether n ends a solution. A node that a token limit cut is neither open
// nor done, and has no answer.
func (n *Node) Done() bool { return n.Finish == reasoning.FinishEnd }

// Up yields n, its parent, and so on to the root.
func (n *Node) Up() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for ; n != nil && yield(n); n = n.Parent {
		}
	}
}

// Path returns the steps of n's attempt up to and including n.
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

// prompt returns what the policy is conditioned on to generate n: up to policy.MaxAttempts
// of the latest whole attempts before n's, oldest first, each followed by feedback if wanted,
// and the steps of n's own attempt before n.
func (n *Node) prompt(feedback bool) (attempts, steps []string) {
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

// feedback returns the verifier's value of a solution and the first step with a score below
// 0.5, as text for the policy.
func (n *Node) feedback() string {
	doubts := "none of its steps"
	if i := slices.IndexFunc(n.Scores, func(s float64) bool { return s < 0.5 }); i >= 0 {
		doubts = "it from this step on: " + strings.TrimSpace(n.Path()[i].Text)
	}
	return fmt.Sprintf("A verifier gives this attempt %.2f of 1 and doubts %s", n.Value, doubts)
}

// newChild returns the next child of n, which is not generated yet.
func (n *Node) newChild(revision bool) *Node {
	id := strconv.Itoa(n.nextOrdinal)
	if n.ID != "" {
		id = n.ID + "." + id
	}
	child := &Node{
		ID: id, Parent: n, Depth: n.Depth + 1, Ordinal: n.nextOrdinal, Seed: n.Seed.Child(n.nextOrdinal),
		Revision: revision, ready: make(chan struct{}),
	}
	n.nextOrdinal++
	return child
}
