package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Fork asks for N children of From.
type Fork struct {
	From      *Node
	N         int
	Span      int  // steps a child, or policy.Whole
	Greedy    bool // take the likeliest continuation instead of sampling
	Score     bool // have the children scored
	ScoreEnds bool // have those children scored that cannot be continued
	Revise    bool // a child is another attempt at the problem, written in view of From's path and the attempts before it
	Feedback  bool // of these attempts the writer is told, in words, what the verifier thinks
}

// A Growth is children that were asked for and are on their way. Each is judged as
// soon as it is written, while its siblings are still being written.
//
// A child that fails is left out and counted in Faults; one that cannot be judged
// is kept, not Judged.
type Growth struct {
	tree         *Tree
	ctx          context.Context // the caller's
	stop         context.CancelCauseFunc
	all          sync.WaitGroup
	children     []*Node
	batches      []*batch
	stoppedEarly bool // a loop over Each ended before the last child
}

// Ask asks for the children of all forks, and returns at once. It must be called in
// program order: ordinals, and with them all chance, are given here. The caller takes
// the children by one of Wait, Each and Do; Run stops the growths that its strategy
// leaves behind.
func (t *Tree) Ask(ctx context.Context, forks ...Fork) *Growth {
	g := &Growth{tree: t, ctx: ctx}
	ctx, g.stop = context.WithCancelCause(ctx)
	for _, f := range forks {
		var own []*Node
		for range f.N {
			own = append(own, f.From.newChild(f.Revise))
		}
		g.children = append(g.children, own...)
		for part := range slices.Chunk(own, policy.MaxChildren) {
			g.batches = append(g.batches, &batch{Fork: f, children: part})
		}
	}
	t.register(g)
	for _, k := range g.children {
		t.change(k, func() { k.State = StateQueued })
	}
	for _, l := range g.batches {
		g.all.Go(func() { t.expand(ctx, l) })
	}
	return g
}

// Grow asks for the children of all forks and waits for them.
func (t *Tree) Grow(ctx context.Context, forks ...Fork) ([]*Node, error) {
	return t.Ask(ctx, forks...).Wait()
}

// Wait returns the children in the order in which they were asked for, whatever
// order they came in. The error is not nil when the budget is spent, the context is
// done, or nothing came at all; the children that did come are returned with it.
func (g *Growth) Wait() ([]*Node, error) {
	grown := slices.Collect(g.Each())
	return grown, g.err(len(grown))
}

// Each yields the children in the order in which they were asked for, each as soon
// as it and all before it have come. A loop that ends early stops the children after
// the one it ends at: they are pruned and no part of the tree, even if they have come.
func (g *Growth) Each() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		defer g.end()
		for i, k := range g.children {
			<-k.ready
			if k.State != StateFailed {
				g.tree.attach(k)
				if !yield(k) {
					g.stopFrom(i + 1)
					return
				}
			}
		}
	}
}

// Do calls f for every child, as soon as it has come, all at the same time, and
// returns the children, in the order in which they were asked for, and what went wrong.
func (g *Growth) Do(f func(*Node) error) ([]*Node, error) {
	errs := make([]error, len(g.children))
	var doing sync.WaitGroup
	for i, k := range g.children {
		doing.Go(func() {
			if <-k.ready; k.State != StateFailed {
				errs[i] = f(k)
			}
		})
	}
	doing.Wait()
	g.end()
	var grown []*Node
	for _, k := range g.children {
		if k.State != StateFailed {
			g.tree.attach(k)
			grown = append(grown, k)
		}
	}
	if err := g.err(len(grown)); err != nil {
		return grown, err
	}
	return grown, errors.Join(errs...)
}

// stopFrom stops and prunes the children from the first on.
func (g *Growth) stopFrom(first int) {
	g.stoppedEarly = first < len(g.children)
	g.stop(errNotNeeded)
	g.all.Wait()
	for _, k := range g.children[first:] {
		if k.State != StateFailed {
			g.tree.Prune(k)
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

// err is why not all came, where the search must know; what else went wrong is
// counted among the faults.
func (g *Growth) err(grown int) error {
	if g.ctx.Err() != nil {
		if g.stoppedEarly {
			return nil
		}
		return context.Cause(g.ctx)
	}
	var failed, spent error
	for _, l := range g.batches {
		if l.failed != nil {
			failed = l.failed
			if grown > 0 {
				g.tree.fault("some children failed: %v", l.failed)
			}
		}
		if l.spent != nil {
			spent = l.spent
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

// A batch is children of one fork that travel together.
type batch struct {
	Fork
	children []*Node
	failed   error // why some did not come
	spent    error // the ErrSpent, if that is why some did not come or were not judged
}

// expand makes a litter's children.
func (t *Tree) expand(ctx context.Context, l *batch) {
	r := policy.Request{
		Tenant: t.Problem.Tenant, Search: t.Problem.Search, Node: l.From.ID, Problem: t.Problem.Text,
		Span: l.Span, Seed: l.From.Seed, Sampling: t.Problem.Sampling,
		OnStart: func(policy.Start) {
			for _, k := range l.children {
				t.change(k, func() {
					if k.State == StateQueued {
						k.State = StateRunning
					}
				})
			}
		},
	}
	r.Attempts, r.Steps = l.children[0].context(l.Feedback)
	missing := map[int]*Node{}
	for _, k := range l.children {
		r.Ordinals = append(r.Ordinals, k.Ordinal)
		missing[k.Ordinal] = k
	}
	if l.Greedy {
		r.Sampling.Temperature = 0
	}
	var err error
	var judging sync.WaitGroup
	for child, e := range t.Backend.Expand(ctx, r) {
		if err = e; err != nil {
			break
		}
		kid := missing[child.Ordinal]
		if kid == nil {
			err = fmt.Errorf("policy sent child %d of node %q, which was not asked for or came twice", child.Ordinal, l.From.ID)
			break
		}
		delete(missing, child.Ordinal)
		judging.Go(func() {
			defer close(kid.ready)
			t.write(ctx, l, kid, child)
		})
	}
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("policy sent %d of %d children of node %q", len(l.children)-len(missing), len(l.children), l.From.ID)
	}
	left := err != nil && context.Cause(ctx) == errNotNeeded
	for _, k := range l.children {
		if missing[k.Ordinal] != nil {
			if !left { // else it will be pruned
				t.change(k, func() { k.State, k.Reason = StateFailed, err.Error() })
			}
			close(k.ready)
		}
	}
	judging.Wait()
	switch {
	case left:
	case errors.Is(err, ErrSpent):
		l.spent = err
	default:
		l.failed = err
	}
}

// write fills a node with the child that came for it, and has it judged.
func (t *Tree) write(ctx context.Context, l *batch, n *Node, child policy.Child) {
	steps := slices.Clone(child.Steps)
	var scores []float64
	var err error
	judge := l.Score || l.ScoreEnds && child.Finish != reasoning.FinishStep
	if judge {
		scores, err = t.score(ctx, n, steps)
	}
	answer := t.answer(n, child)
	t.change(n, func() {
		n.Steps, n.Finish, n.Answer, n.State = steps, child.Finish, answer, StateScored
		if n.Done() {
			n.State = StateFinished
		}
		if judge {
			err = t.judged(ctx, n, scores, err)
		}
		if err != nil {
			l.spent = err
		}
	})
}

// judged books a node's scores, or why it has none: a fault, or the ErrSpent that is
// returned. The caller holds t.mu.
func (t *Tree) judged(ctx context.Context, n *Node, scores []float64, err error) error {
	switch {
	case err == nil:
		n.Scores, n.Value, n.Scored = scores, t.Problem.Aggregator.Of(scores), true
		for i, s := range scores[len(scores)-len(n.Steps):] {
			n.Steps[i].Score, n.Steps[i].Scored = s, true
		}
		return nil
	case errors.Is(err, ErrSpent):
		n.Reason = err.Error()
		return err
	}
	n.Reason = err.Error()
	if ctx.Err() == nil {
		t.faults["some nodes were not judged: "+n.Reason]++
	}
	return nil
}

// answer returns the answer of the solution that ends with child at n, "" if there is
// none.
func (t *Tree) answer(n *Node, child policy.Child) string {
	if child.Finish != reasoning.FinishEnd || t.Problem.Extract == nil {
		return ""
	}
	_, before := n.context(false)
	if answer, ok := t.Problem.Extract(strings.Join(before, "") + reasoning.Join(child.Steps)); ok {
		return answer
	}
	return ""
}

// score asks for the scores of the path that ends in steps at n.
func (t *Tree) score(ctx context.Context, n *Node, steps []reasoning.Step) ([]float64, error) {
	_, before := n.context(false)
	r := verifier.Request{
		Tenant: t.Problem.Tenant, Search: t.Problem.Search, Node: n.ID, Problem: t.Problem.Text,
		Steps: append(before, reasoning.Texts(steps)...),
	}
	result, err := t.Backend.Score(ctx, r)
	if err == nil {
		err = r.Check(result.Scores)
	}
	return result.Scores, err
}

// attach makes a child that came a part of the tree, in its place among its siblings.
func (t *Tree) attach(n *Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kids := append(n.Parent.Children, n)
	slices.SortFunc(kids, func(a, b *Node) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	n.Parent.Children = kids
}
