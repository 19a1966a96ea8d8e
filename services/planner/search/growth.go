package search

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A Growth is the children of one call of Start while they are generated. Its life:
//
//	running   from Start on: requests are sent; a child whose Fork has Score is scored as soon as
//	          it is generated, while its siblings are still being generated
//	consumed  by exactly one call of Wait, Each or Do, from one goroutine, which attaches the
//	          children to the tree and returns when all are ready
//	stopped   instead, when a loop over Each breaks, or by Run if the strategy did not consume
//	          it: the remaining requests are cancelled and their children pruned
//	ended     afterwards: its goroutines have returned and its reservation is released
//
// A child that fails is not attached, and is counted in Faults. A child whose scoring fails is
// attached with Scored = false.
type Growth struct {
	tree         *Tree
	ctx          context.Context // the caller's: its cancellation is not a failure of the children
	stop         context.CancelCauseFunc
	batchesDone  sync.WaitGroup
	children     []*Node     // in the order of the forks, and by ordinal
	batches      []*batch    // the same children, grouped into requests
	reserved     Reservation // of their cost
	followUps    bool        // further work follows each child, in Do
	stoppedEarly bool        // a loop over Each broke before the last child
}

// Start requests the children of all forks, and returns at once. It assigns the ordinals, and
// with them the seeds, so that calls for the same From must be sequential. Run stops the
// growths that its strategy has not consumed.
func (t *Tree) Start(ctx context.Context, forks ...Fork) *Growth { return t.start(ctx, false, forks) }

// start is Start. With followUps, Do must consume the children, and the cost of each is reserved
// together with that of the work that follows it there, such as a rollout.
func (t *Tree) start(ctx context.Context, followUps bool, forks []Fork) *Growth {
	g := &Growth{tree: t, ctx: ctx, followUps: followUps}
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
	g.reserved = t.reserve(ctx, g.batches, followUps)
	for _, n := range g.children {
		t.change(n, func() { n.State = StateQueued })
	}
	for _, b := range g.batches {
		g.batchesDone.Go(func() { b.expand(t, g) })
	}
	return g
}

// Grow requests the children of all forks and waits for them.
func (t *Tree) Grow(ctx context.Context, forks ...Fork) ([]*Node, error) {
	return t.Start(ctx, forks...).Wait()
}

// Wait returns the children in the order of the forks and by ordinal, whatever order they are
// generated in. The error is not nil if the budget is spent, the context is done, or all
// children failed; the children that were generated are returned with it.
func (g *Growth) Wait() ([]*Node, error) {
	children := slices.Collect(g.Each())
	return children, g.err(len(children))
}

// Each yields the children in the order of Wait, each as soon as it and all before it are ready.
// If the loop breaks, Each cancels the remaining children, marks them StatePruned and does not
// attach them, even if they were generated.
func (g *Growth) Each() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		defer g.end()
		for i, n := range g.children {
			<-n.ready
			if !n.failed() {
				g.tree.attach(n)
				if !yield(n) {
					g.stopFrom(i + 1)
					return
				}
			}
		}
	}
}

// Do calls f concurrently, once for each child that did not fail, as soon as the child is
// generated and scored, and returns the children in the order of Wait. The error is that of
// Wait or, if that is nil, the errors of f joined. f must call Start and Grow with the context
// that is passed to f.
func (g *Growth) Do(f func(context.Context, *Node) error) ([]*Node, error) {
	errs := make([]error, len(g.children))
	var calls sync.WaitGroup
	for i, n := range g.children {
		calls.Go(func() {
			defer g.reserved.Done(n.ID)
			if <-n.ready; !n.failed() {
				errs[i] = f(g.followUp(n), n)
			}
		})
	}
	calls.Wait()
	g.end()
	var children []*Node
	for _, n := range g.children {
		if !n.failed() {
			g.tree.attach(n)
			children = append(children, n)
		}
	}
	if err := g.err(len(children)); err != nil {
		return children, err
	}
	return children, errors.Join(errs...)
}

// followUp returns the context of the work that follows a child.
func (g *Growth) followUp(n *Node) context.Context {
	if g.followUps {
		return g.reserved.FollowUp(n.ID)
	}
	return g.ctx
}

// ready reports that a child is generated and scored, or failed.
func (g *Growth) ready(n *Node) {
	if !g.followUps {
		g.reserved.Done(n.ID)
	}
	close(n.ready)
}

// stopFrom cancels the growth and prunes children[first:].
func (g *Growth) stopFrom(first int) {
	g.stoppedEarly = first < len(g.children)
	g.stop(errNotNeeded)
	g.batchesDone.Wait()
	for _, n := range g.children[first:] {
		if !n.failed() {
			g.tree.Prune(n)
		}
	}
}

// end waits for the goroutines of the growth and releases what it holds.
func (g *Growth) end() {
	g.batchesDone.Wait()
	g.stop(nil)
	g.tree.unregister(g)
}

// errNotNeeded is the cancellation cause of children that a strategy no longer needs.
var errNotNeeded = errors.New("not needed any more")

// err returns the error of Wait. n is the number of children that the caller has, from g and
// from earlier growths. If n > 0, batches that failed count as faults and are not an error.
func (g *Growth) err(n int) error {
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
			if n > 0 {
				g.tree.addFaults(b.lost(), "some children failed: %v", b.failed)
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
	case n == 0:
		return failed
	}
	return nil
}
