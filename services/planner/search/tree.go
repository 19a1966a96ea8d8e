// Package search holds the ways to spend a budget looking for a good answer.
//
// A search grows a [Tree] of nodes. It touches the outside only through a [Backend],
// which writes children and judges paths. A [Strategy] is a rule that says which
// nodes get how many children, so each file here reads like the pseudocode of the
// paper it quotes. Retrying, metering, recording and tracing are Worlds around
// Worlds: no strategy knows of them, and this package imports no transport, clock
// or telemetry. To add a strategy, copy beam.go, and give it an
// entry in strategies/table.go, a message in the proto and a case in
// plannerrpc/strategy.go.
package search

import (
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

// A Backend is the mesh as a search sees it. Calls may take long and a search makes
// many at once, so a Backend is safe for concurrent use. A policy and a verifier
// side by side are one.
type Backend interface {
	Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
	Score(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

// ErrSpent is returned by a World whose budget is gone. It is a normal end.
var ErrSpent = reasoning.NewError(reasoning.KindExhausted, "BUDGET_SPENT", "budget spent")

// A Tree is what one search has found so far.
type Tree struct {
	Problem Problem
	Root    *Node
	Backend Backend
	// Observe, if not nil, is told of each change of a node's State, one at a
	// time, while no other node changes.
	Observe func(*Node)
	// Finalists, if not nil, are the solutions among which the strategy wants the
	// answer to be chosen; nil is all.
	Finalists []*Node

	mu sync.Mutex // guards the nodes that are being written, calls of Observe, and what follows
	// faults counts what went wrong without ending the search, by its text.
	faults map[string]int
	// growths are those whose children the strategy has not taken yet.
	growths map[*Growth]bool
}

// A Problem is what a tree is about.
type Problem struct {
	Tenant     string
	Search     string // the search's id
	Text       string
	Seed       reasoning.Seed
	Sampling   reasoning.Sampling
	Aggregator verifier.Aggregator // makes a node's Value of its path's scores; 0 is Min
	// Extract finds the answer in a solution's text, such as answer.Extract. Nil finds
	// none.
	Extract func(text string) (answer string, ok bool)
	// Key maps answers that are the same to one string, such as answer.Key, so that
	// sameness is an equivalence: a lenient comparison must never group votes. Nil maps
	// each to itself.
	Key func(answer string) string
}

// key returns what answers that are the same have in common.
func (p Problem) key(answer string) string {
	if p.Key == nil {
		return answer
	}
	return p.Key(answer)
}

// New is a tree with nothing in it but the problem.
func New(w Backend, p Problem) *Tree {
	return &Tree{Problem: p, Root: &Node{Seed: p.Seed, State: StateScored}, Backend: w, faults: map[string]int{}, growths: map[*Growth]bool{}}
}

// Prune marks nodes that the strategy does not follow.
func (t *Tree) Prune(nodes ...*Node) {
	for _, n := range nodes {
		t.change(n, func() { n.State = StatePruned })
	}
}

// fault counts something that went wrong without ending the search.
func (t *Tree) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[fmt.Sprintf(format, args...)]++
}

// change changes a node where others may be changing theirs.
func (t *Tree) change(n *Node, how func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := n.State
	how()
	if t.Observe != nil && n.State != before {
		t.Observe(n)
	}
}

// register notes a growth until it ends.
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

// stopGrowths stops the growths that have not ended, in any order.
func (t *Tree) stopGrowths() {
	t.mu.Lock()
	left := slices.Collect(maps.Keys(t.growths))
	t.mu.Unlock()
	for _, g := range left {
		g.stop(errNotNeeded)
	}
	for _, g := range left {
		g.stopFrom(0)
		g.end()
	}
}

// Faults is what went wrong without ending the search, sorted, each with how often.
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
			for _, k := range n.Children {
				if !yield(k) || !walk(k) {
					return false
				}
			}
			return true
		}
		walk(t.Root)
	}
}

// Solutions yields the nodes that end a solution: the Finalists, if there are some.
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

// Chance is the search's own randomness, apart from that of its nodes. It must be
// drawn in program order.
func (t *Tree) Chance() *rand.Rand {
	return rand.New(rand.NewPCG(uint64(t.Problem.Seed.Child(-1)), 0))
}
