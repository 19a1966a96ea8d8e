package search

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A Fork asks for N children of From.
type Fork struct {
	From      *Node
	N         int
	Span      int  // steps of a child, or policy.Whole
	Greedy    bool // take the likeliest continuation instead of sampling
	Score     bool // have the children scored
	ScoreEnds bool // have the children scored that cannot be continued
	// Revise makes each child another attempt at the problem, written in view of From's
	// path and the attempts before it.
	Revise bool
	// Feedback adds to each of these attempts, in words, what the verifier scored.
	Feedback bool
}

// A Growth is children that are being written. Each is scored as soon as it is written,
// while its siblings are still being written.
//
// A child that fails is left out and counted in Faults; a child that cannot be scored
// is kept, not Scored.
//
// One goroutine takes the children, by one of Wait, Each and Do.
type Growth struct {
	tree         *Tree
	ctx          context.Context // the caller's: its end is no fault of the children
	stop         context.CancelCauseFunc
	all          sync.WaitGroup // the batches' goroutines
	children     []*Node        // in the order in which they were asked for
	batches      []*batch       // the same, as they are asked for together
	reserved     Reservation    // of what they may cost
	strands      bool           // work of its own follows each child, in Do
	stoppedEarly bool           // a loop over Each ended before the last child
}

// Ask asks for the children of all forks, and returns at once. It must be called in
// program order: ordinals, and with them all chance, are given here. Run stops
// growths that its strategy does not take.
func (t *Tree) Ask(ctx context.Context, forks ...Fork) *Growth { return t.ask(ctx, false, forks) }

// ask is Ask. With strands, the children are taken by Do, and what each may cost is set
// aside together with the work that follows it there, such as a rollout.
func (t *Tree) ask(ctx context.Context, strands bool, forks []Fork) *Growth {
	g := &Growth{tree: t, ctx: ctx, strands: strands}
	ctx, g.stop = context.WithCancelCause(ctx)
	for _, f := range forks {
		var siblings []*Node
		for range f.N {
			siblings = append(siblings, f.From.newChild(f.Revise))
		}
		g.children = append(g.children, siblings...)
		for part := range slices.Chunk(siblings, policy.MaxChildren) {
			g.batches = append(g.batches, &batch{Fork: f, children: part})
		}
	}
	t.register(g)
	g.reserved = t.reserve(ctx, g.batches, strands)
	for _, n := range g.children {
		t.change(n, func() { n.State = StateQueued })
	}
	for _, b := range g.batches {
		g.all.Go(func() { b.expand(t, g) })
	}
	return g
}

// Grow asks for the children of all forks and waits for them.
func (t *Tree) Grow(ctx context.Context, forks ...Fork) ([]*Node, error) {
	return t.Ask(ctx, forks...).Wait()
}

// Wait returns the children in the order in which they were asked for, whatever order
// they are written in. The error is not nil when the budget is spent, the context is
// done, or all children failed; it comes with the children that were written.
func (g *Growth) Wait() ([]*Node, error) {
	grown := slices.Collect(g.Each())
	return grown, g.err(len(grown))
}

// Each yields the children in the order in which they were asked for, each as soon as
// it and all before it are written. A loop that ends early stops the children after
// the one it ends at: they are pruned and no part of the tree, even if they are written.
func (g *Growth) Each() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		defer g.end()
		for i, n := range g.children {
			<-n.ready
			if n.written() {
				g.tree.attach(n)
				if !yield(n) {
					g.stopFrom(i + 1)
					return
				}
			}
		}
	}
}

// Do calls f for every child as soon as it is written, all at the same time, and
// returns the children, in the order in which they were asked for. The error is that of
// Wait, or joins those of f. What f asks for has the context that it is called with.
func (g *Growth) Do(f func(context.Context, *Node) error) ([]*Node, error) {
	errs := make([]error, len(g.children))
	var calls sync.WaitGroup
	for i, n := range g.children {
		calls.Go(func() {
			defer g.reserved.Done(n.ID)
			if <-n.ready; n.written() {
				errs[i] = f(g.strand(n), n)
			}
		})
	}
	calls.Wait()
	g.end()
	var grown []*Node
	for _, n := range g.children {
		if n.written() {
			g.tree.attach(n)
			grown = append(grown, n)
		}
	}
	if err := g.err(len(grown)); err != nil {
		return grown, err
	}
	return grown, errors.Join(errs...)
}

// strand returns the context of the work that follows a child.
func (g *Growth) strand(n *Node) context.Context {
	if g.strands {
		return g.reserved.Strand(n.ID)
	}
	return g.ctx
}

// ready says that a child is written and scored, or failed.
func (g *Growth) ready(n *Node) {
	if !g.strands {
		g.reserved.Done(n.ID)
	}
	close(n.ready)
}

// stopFrom stops and prunes the children from the first on.
func (g *Growth) stopFrom(first int) {
	g.stoppedEarly = first < len(g.children)
	g.stop(errNotNeeded)
	g.all.Wait()
	for _, n := range g.children[first:] {
		if n.written() {
			g.tree.Prune(n)
		}
	}
}

// end waits for the goroutines of the growth and releases what it holds.
func (g *Growth) end() {
	g.all.Wait()
	g.stop(nil)
	g.tree.unregister(g)
}

// errNotNeeded is the cause for which children are stopped that a strategy does not
// need any more.
var errNotNeeded = errors.New("not needed any more")

// err returns the error of Wait after grown children were taken. It counts batches that
// failed beside others among the faults.
func (g *Growth) err(grown int) error {
	if g.ctx.Err() != nil {
		if g.stoppedEarly {
			return nil
		}
		return context.Cause(g.ctx)
	}
	var failed, spent error
	for _, b := range g.batches {
		if b.failed != nil {
			failed = b.failed
			if grown > 0 {
				g.tree.fault("some children failed: %v", b.failed)
			}
		}
		if b.spent != nil {
			spent = b.spent
		}
	}
	switch {
	case g.stoppedEarly:
		return nil
	case spent != nil:
		return spent
	case grown == 0:
		return failed
	}
	return nil
}
