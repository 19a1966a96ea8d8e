// Package search implements the search strategies: greedy, best-of-N, majority, beam search,
// lookahead, DVTS, REBASE, MCTS, particle filtering and revisions.
//
// A search grows a [Tree] of nodes. A [Strategy] decides how many children each node gets, and
// the files of strategies quote the papers that they follow. A strategy calls the policy and
// the verifier only through a [Backend]; decorators of Backend add retries, metering, recording
// and tracing. This package imports no transport, clock or telemetry.
//
// To add a strategy, copy beam.go, and add an entry to strategies/table.go, a message to the
// contract and a case to plannerrpc/strategy.go.
package search

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// A Tree is the state of one search: its nodes, its backend and its counted failures.
type Tree struct {
	Problem Problem
	Root    *Node
	Backend Backend
	// Observe, if not nil, is called after each change of a node's State, one call at a time
	// and with mu held: it must not call methods of the Tree.
	Observe func(*Node)
	// Finalists restricts the choice of the answer to these solutions; nil means all
	// solutions.
	Finalists []*Node

	// mu guards nodes that are being generated, and is held while Observe is called.
	mu      sync.Mutex
	faults  map[string]int   // number of failures that did not end the search, by text
	growths map[*Growth]bool // running growths
}

// New returns a tree that has only a root.
func New(b Backend, p Problem) *Tree {
	return &Tree{
		Problem: p, Root: &Node{Seed: p.Seed, State: StateScored}, Backend: b,
		faults: map[string]int{}, growths: map[*Growth]bool{},
	}
}

// Prune marks nodes as pruned: the strategy will not continue them.
func (t *Tree) Prune(nodes ...*Node) {
	for _, n := range nodes {
		t.change(n, func() { n.State = StatePruned })
	}
}

// fault counts a failure that does not end the search.
func (t *Tree) fault(format string, args ...any) { t.addFaults(1, format, args...) }

// addFaults counts n failures of one kind that do not end the search.
func (t *Tree) addFaults(n int, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[fmt.Sprintf(format, args...)] += n
}

// change runs f, which changes n, under the lock, and calls Observe if f changed n.State.
func (t *Tree) change(n *Node, f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := n.State
	f()
	if t.Observe != nil && n.State != before {
		t.Observe(n)
	}
}

// register records g as running.
func (t *Tree) register(g *Growth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.growths[g] = true
}

// unregister records that g has ended.
func (t *Tree) unregister(g *Growth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.growths, g)
}

// stopGrowths stops the running growths and waits until they have ended.
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

// attach inserts n among its parent's children, by ordinal.
func (t *Tree) attach(n *Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	children := append(n.Parent.Children, n)
	slices.SortFunc(children, func(a, b *Node) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	n.Parent.Children = children
}

// Faults returns the failures that did not end the search, sorted, with their counts.
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
		var descend func(*Node) bool
		descend = func(n *Node) bool {
			for _, child := range n.Children {
				if !yield(child) || !descend(child) {
					return false
				}
			}
			return true
		}
		descend(t.Root)
	}
}

// Solutions yields the nodes that end a solution: only the Finalists if they are not nil.
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

// Rand returns a new generator, seeded from the search's seed and independent of the seeds of
// its nodes. A strategy calls it once and draws from it in program order.
func (t *Tree) Rand() *rand.Rand {
	return rand.New(rand.NewPCG(uint64(t.Problem.Seed.Child(-1)), 0))
}
