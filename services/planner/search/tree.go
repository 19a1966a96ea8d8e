// Package search holds the ways to spend a budget looking for a good answer.
//
// A search grows a [Tree] of nodes. It touches the outside only through a [World],
// which writes children and judges paths. A [Strategy] is a rule that says which
// nodes get how many children, so each file here reads like the pseudocode of the
// paper it quotes. Retrying, metering, recording and tracing are Worlds around
// Worlds: no strategy knows of them, and this package imports no transport, clock
// or telemetry. To add a strategy, copy beam.go, and give it a message in
// the proto and a line in plannerrpc/request.go.
package search

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A World is the mesh as a search sees it. Calls may take long and a search makes
// many at once, so a World is safe for concurrent use. A policy and a verifier
// side by side are one.
type World interface {
	Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
	Score(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

// ErrSpent is returned by a World whose budget is gone. It is a normal end.
var ErrSpent = errors.New("budget spent")

// A Tree is what one search has found so far.
type Tree struct {
	Problem Problem
	Root    *Node
	World   World
	// Observe, if not nil, is told of each change of a node's State, one at a
	// time, while no other node changes.
	Observe func(*Node)

	mu sync.Mutex // guards the nodes that are being written, Observe and faults
	// faults counts what went wrong without ending the search, by its text.
	faults map[string]int
}

// A Problem is what a tree is about.
type Problem struct {
	Tenant     string
	Search     string // the search's id
	Text       string
	Seed       reasoning.Seed
	Sampling   reasoning.Sampling
	Aggregator verifier.Aggregator // makes a node's Value of its path's scores; 0 is Min
}

// New is a tree with nothing in it but the problem.
func New(w World, p Problem) *Tree {
	return &Tree{Problem: p, Root: &Node{Seed: p.Seed, State: Scored}, World: w, faults: map[string]int{}}
}

// A Fork asks for N children of From.
type Fork struct {
	From   *Node
	N      int
	Span   int  // steps a child, or policy.Whole
	Greedy bool // take the likeliest continuation instead of sampling
	Judge  bool // have the children scored
}

// Grow makes all forks at once and returns the new nodes in the order in which
// they were asked for, whatever order they came in. Each child is judged as soon
// as it is written, while its siblings are still being written.
//
// A child that fails is left out and counted in Faults; one that cannot be judged
// is kept, not Judged. The error is not nil when the budget is spent, ctx is done,
// or nothing came at all; the nodes that did come are returned with it.
func (t *Tree) Grow(ctx context.Context, forks ...Fork) ([]*Node, error) {
	var kids []*Node
	var litters []*litter
	for _, f := range forks { // ordinals, and with them all chance, in program order
		var own []*Node
		for range f.N {
			own = append(own, f.From.newKid())
		}
		kids = append(kids, own...)
		for part := range slices.Chunk(own, policy.MaxChildren) {
			litters = append(litters, &litter{Fork: f, kids: part})
		}
	}
	for _, k := range kids {
		t.change(k, func() { k.State = Queued })
	}
	var all sync.WaitGroup
	for _, l := range litters {
		all.Go(func() { t.bear(ctx, l) })
	}
	all.Wait()

	grown := slices.DeleteFunc(kids, func(n *Node) bool { return n.State == Failed })
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range grown {
		k.Parent.Kids = append(k.Parent.Kids, k)
	}
	if ctx.Err() != nil {
		return grown, context.Cause(ctx)
	}
	var failed, spent error
	for _, l := range litters {
		if l.failed != nil {
			failed = l.failed
			if len(grown) > 0 {
				t.faults["some children failed: "+l.failed.Error()]++
			}
		}
		if l.spent != nil {
			spent = l.spent
		}
	}
	switch {
	case spent != nil:
		return grown, spent
	case len(grown) == 0:
		return nil, failed
	}
	return grown, nil
}

// A litter is children of one fork that travel together.
type litter struct {
	Fork
	kids   []*Node
	failed error // why some did not come
	spent  error // the ErrSpent, if that is why some did not come or were not judged
}

// bear makes a litter's children.
func (t *Tree) bear(ctx context.Context, l *litter) {
	r := policy.Request{
		Tenant: t.Problem.Tenant, Search: t.Problem.Search, Node: l.From.ID, Problem: t.Problem.Text,
		Steps: reasoning.Texts(l.From.Path()), Span: l.Span, Seed: l.From.Seed, Sampling: t.Problem.Sampling,
		OnStart: func(policy.Start) {
			for _, k := range l.kids {
				t.change(k, func() {
					if k.State == Queued {
						k.State = Running
					}
				})
			}
		},
	}
	missing := map[int]*Node{}
	for _, k := range l.kids {
		r.Ordinals = append(r.Ordinals, k.Ordinal)
		missing[k.Ordinal] = k
	}
	if l.Greedy {
		r.Sampling.Temperature = 0
	}
	var err error
	var judging sync.WaitGroup
	for child, e := range t.World.Expand(ctx, r) {
		if err = e; err != nil {
			break
		}
		kid := missing[child.Ordinal]
		if kid == nil {
			err = fmt.Errorf("policy sent child %d of node %q, which was not asked for or came twice", child.Ordinal, l.From.ID)
			break
		}
		delete(missing, child.Ordinal)
		judging.Go(func() { t.write(ctx, l, kid, child) })
	}
	judging.Wait()
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("policy sent %d of %d children of node %q", len(l.kids)-len(missing), len(l.kids), l.From.ID)
	}
	if errors.Is(err, ErrSpent) {
		l.spent = err
	} else {
		l.failed = err
	}
	for _, k := range l.kids {
		if missing[k.Ordinal] != nil {
			t.change(k, func() { k.State, k.Reason = Failed, err.Error() })
		}
	}
}

// write fills a node with the child that came for it, and has it judged.
func (t *Tree) write(ctx context.Context, l *litter, n *Node, child policy.Child) {
	steps := slices.Clone(child.Steps)
	var scores []float64
	var err error
	if l.Judge {
		scores, err = t.judge(ctx, n, steps)
	}
	t.change(n, func() {
		n.Steps, n.Finish, n.State = steps, child.Finish, Scored
		if n.Done() {
			n.State = Finished
		}
		switch {
		case err != nil:
			n.Reason = err.Error()
			if errors.Is(err, ErrSpent) {
				l.spent = err
			} else if ctx.Err() == nil {
				t.faults["some nodes were not judged: "+n.Reason]++
			}
		case l.Judge:
			n.Scores, n.Value, n.Judged = scores, t.Problem.Aggregator.Of(scores), true
			for i, s := range scores[len(scores)-len(steps):] {
				steps[i].Score, steps[i].Scored = s, true
			}
		}
	})
}

// judge scores the path that ends in steps below n's parent.
func (t *Tree) judge(ctx context.Context, n *Node, steps []reasoning.Step) ([]float64, error) {
	r := verifier.Request{
		Tenant: t.Problem.Tenant, Search: t.Problem.Search, Node: n.ID, Problem: t.Problem.Text,
		Steps: append(reasoning.Texts(n.Parent.Path()), reasoning.Texts(steps)...),
	}
	result, err := t.World.Score(ctx, r)
	if err == nil {
		err = r.Check(result.Scores)
	}
	return result.Scores, err
}

// Prune marks nodes that the strategy does not follow.
func (t *Tree) Prune(nodes ...*Node) {
	for _, n := range nodes {
		t.change(n, func() { n.State = Pruned })
	}
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
			for _, k := range n.Kids {
				if !yield(k) || !walk(k) {
					return false
				}
			}
			return true
		}
		walk(t.Root)
	}
}

// Solutions yields the nodes that end a solution.
func (t *Tree) Solutions() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := range t.Nodes() {
			if n.Done() && !yield(n) {
				return
			}
		}
	}
}
