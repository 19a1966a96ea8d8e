// Package search holds the strategies that spend a budget on finding a good answer.
//
// A search grows a [Tree] of nodes. It reaches the mesh only through a [Backend], which
// writes children and scores paths. A [Strategy] is a rule that says which nodes get
// how many children, so each file here reads like the pseudocode of the paper that it
// quotes. Retrying, metering, recording and tracing are backends around backends: no
// strategy knows of them, and this package imports no transport, clock or telemetry.
//
// To add a strategy, copy beam.go, and give it an entry in strategies/table.go, a message
// in the contract and a case in plannerrpc/strategy.go.
package search

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Backend is a policy and a verifier as a search calls them. A search makes many
// calls at once, so a Backend is safe for concurrent use.
type Backend interface {
	// Expand yields the children that the request asks for, in any order, each as soon
	// as it is written. After an error it yields no more; an error that wraps ErrSpent
	// ends the search, any other fails the children that were not yielded. The caller may
	// stop early or cancel ctx: the rest is not written.
	Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
	// Score returns a score of each step of a path. An error that wraps ErrSpent ends
	// the search; after any other the node has no score.
	Score(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

// ErrSpent is the error of a Backend whose budget is spent. It is a normal end.
var ErrSpent = reasoning.NewError(reasoning.KindExhausted, "BUDGET_SPENT", "budget spent")

// A Tree is what one search has found so far.
type Tree struct {
	Problem Problem
	Root    *Node
	Backend Backend
	// Observe, if not nil, is called after each change of a node's State, one call at a
	// time, while no other node changes. It must not call the Tree.
	Observe func(*Node)
	// Finalists are the solutions among which the strategy wants the answer to be
	// chosen; nil is all.
	Finalists []*Node

	// mu guards nodes that are being written, and is held while Observe is called: a lock
	// that Observe takes comes after mu.
	mu      sync.Mutex
	faults  map[string]int   // how often something failed without ending the search, by text
	growths map[*Growth]bool // that have not ended
}

// A Problem is what a search solves, and how.
type Problem struct {
	Tenant     string
	Search     string // the search's id
	Text       string
	Seed       reasoning.Seed
	Sampling   reasoning.Sampling
	Aggregator verifier.Aggregator // combines the scores of a path into a node's Value; 0 is Min
	// Extract finds the answer in a solution's text, such as answer.Extract. Nil finds
	// none.
	Extract func(text string) (answer string, ok bool)
	// Key maps answers that are the same to one string, such as answer.Key, so that
	// sameness is an equivalence: a lenient comparison must never group votes. Nil maps
	// each to itself.
	Key func(answer string) string
}

// key returns Key(answer), or the answer itself without a Key.
func (p Problem) key(answer string) string {
	if p.Key == nil {
		return answer
	}
	return p.Key(answer)
}

// New returns a tree that has only a root.
func New(b Backend, p Problem) *Tree {
	return &Tree{
		Problem: p, Root: &Node{Seed: p.Seed, State: StateScored}, Backend: b,
		faults: map[string]int{}, growths: map[*Growth]bool{},
	}
}

// Prune marks nodes that the strategy does not follow.
func (t *Tree) Prune(nodes ...*Node) {
	for _, n := range nodes {
		t.change(n, func() { n.State = StatePruned })
	}
}

// fault counts a failure that does not end the search.
func (t *Tree) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[fmt.Sprintf(format, args...)]++
}

// change calls f, which changes n, and Observe if n's state is another after it.
func (t *Tree) change(n *Node, f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := n.State
	f()
	if t.Observe != nil && n.State != before {
		t.Observe(n)
	}
}

// register adds a growth to those that have not ended.
func (t *Tree) register(g *Growth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.growths[g] = true
}

func (t *Tree) unregister(g *Growth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.growths, g)
}

// stopGrowths stops the growths that have not ended.
func (t *Tree) stopGrowths() {
	t.mu.Lock()
	growths := slices.Collect(maps.Keys(t.growths))
	t.mu.Unlock()
	for _, g := range growths {
		g.stop(errNotNeeded)
	}
	for _, g := range growths {
		g.stopFrom(0)
		g.end()
	}
}

// attach makes a written child a part of the tree, in its place among its siblings.
func (t *Tree) attach(n *Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	children := append(n.Parent.Children, n)
	slices.SortFunc(children, func(a, b *Node) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	n.Parent.Children = children
}

// Faults returns what failed without ending the search, sorted, each with its count.
func (t *Tree) Faults() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var faults []string
	for text, n := range t.faults {
		faults = append(faults, fmt.Sprintf("%s (%d times)", text, n))
	}
	slices.Sort(faults)
	return faults
}

// Nodes yields every node but the root, parents before children.
func (t *Tree) Nodes() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		var walk func(*Node) bool
		walk = func(n *Node) bool {
			for _, child := range n.Children {
				if !yield(child) || !walk(child) {
					return false
				}
			}
			return true
		}
		walk(t.Root)
	}
}

// Solutions yields the nodes that end a solution: only the Finalists, if there are any.
func (t *Tree) Solutions() iter.Seq[*Node] {
	if t.Finalists != nil {
		return slices.Values(t.Finalists)
	}
	return func(yield func(*Node) bool) {
		for n := range t.Nodes() {
			if n.Done() && !yield(n) {
				return
			}
		}
	}
}

// Chance returns the search's own randomness, which is not that of its nodes. Strategies
// draw from it in program order.
func (t *Tree) Chance() *rand.Rand {
	return rand.New(rand.NewPCG(uint64(t.Problem.Seed.Child(-1)), 0))
}
