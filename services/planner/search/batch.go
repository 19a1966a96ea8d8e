package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A batch is one policy.Request: at most policy.MaxChildren children of one Fork.
//
// The goroutines that expand starts set spent, with Tree.mu held. After they have returned,
// expand sets failed and spent. Both may be read once expand has returned.
type batch struct {
	Fork
	children []*Node
	failed   error // first error of the request, if any
	spent    error // error that wraps ErrSpent, if the budget ran out in this batch
}

// expand sends the request and returns when every child is generated and scored, or failed.
func (b *batch) expand(t *Tree, g *Growth) {
	ctx := g.reserved.Context()
	missing := map[int]*Node{}
	for _, n := range b.children {
		missing[n.Ordinal] = n
	}
	var err error
	var completing sync.WaitGroup
	for child, failed := range t.Backend.Expand(ctx, b.request(t)) {
		if err = failed; err != nil {
			break
		}
		n := missing[child.Ordinal]
		if n == nil {
			err = fmt.Errorf("policy sent child %d of node %q, which was not requested or was sent before: see the policy's log",
				child.Ordinal, b.From.ID)
			break
		}
		delete(missing, child.Ordinal)
		completing.Go(func() {
			defer g.ready(n)
			b.complete(ctx, t, n, child)
		})
	}
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("policy sent %d of %d children of node %q: see the policy's log",
			len(b.children)-len(missing), len(b.children), b.From.ID)
	}
	notNeeded := err != nil && context.Cause(ctx) == errNotNeeded
	for _, n := range b.children {
		if missing[n.Ordinal] == nil {
			continue
		}
		if !notNeeded { // if not needed, stopFrom prunes the node
			t.change(n, func() { n.State, n.Reason = b.ungenerated(ctx, err) })
		}
		g.ready(n)
	}
	completing.Wait()
	switch {
	case notNeeded:
	case errors.Is(err, ErrSpent):
		b.spent = err
	default:
		b.failed = err
	}
}

// ungenerated returns the state of a child that was not generated, and the reason.
func (b *batch) ungenerated(ctx context.Context, err error) (State, string) {
	if ctx.Err() != nil { // err is only the first failure that the end of ctx caused
		return StateCancelled, context.Cause(ctx).Error()
	}
	return StateFailed, err.Error()
}

// request returns the policy's request for the children.
func (b *batch) request(t *Tree) policy.Request {
	r := policy.Request{
		Tenant: t.Problem.Tenant, Search: t.Problem.Search, Node: b.From.ID, Problem: t.Problem.Text,
		Span: b.Span, Seed: b.From.Seed, Sampling: t.Problem.Sampling,
		OnStart: func(policy.Start) { b.start(t) },
	}
	r.Attempts, r.Steps = b.children[0].prompt(b.Feedback)
	for _, n := range b.children {
		r.Ordinals = append(r.Ordinals, n.Ordinal)
	}
	if b.Greedy {
		r.Sampling.Temperature = 0
	}
	return r
}

// start marks the queued children as running.
func (b *batch) start(t *Tree) {
	for _, n := range b.children {
		t.change(n, func() {
			if n.State == StateQueued {
				n.State = StateRunning
			}
		})
	}
}

// complete stores a generated child in its node, and scores it if the Fork has Score or, for a
// child that ends, ScoreEnds.
func (b *batch) complete(ctx context.Context, t *Tree, n *Node, child policy.Child) {
	_, prefix := n.prompt(false)
	path := append(prefix, reasoning.Texts(child.Steps)...)
	answer := t.answer(child.Finish, path)
	toScore := b.Score || b.ScoreEnds && child.Finish != reasoning.FinishStep
	var scores []float64
	var err error
	if toScore {
		scores, err = t.score(ctx, n, path)
	}
	t.change(n, func() {
		n.Steps, n.Finish, n.Answer, n.State = slices.Clone(child.Steps), child.Finish, answer, StateScored
		if n.Done() {
			n.State = StateFinished
		}
		if toScore {
			t.setScores(ctx, n, scores, err)
		}
		if errors.Is(err, ErrSpent) {
			b.spent = err
		}
	})
}

// answer extracts the answer of a path that ends a solution, "" if there is none.
func (t *Tree) answer(finish reasoning.Finish, path []string) string {
	if finish != reasoning.FinishEnd || t.Problem.Extract == nil {
		return ""
	}
	if answer, ok := t.Problem.Extract(strings.Join(path, "")); ok {
		return answer
	}
	return ""
}

// score returns the verifier's scores of the path that ends at n.
func (t *Tree) score(ctx context.Context, n *Node, path []string) ([]float64, error) {
	r := verifier.Request{
		Tenant: t.Problem.Tenant, Search: t.Problem.Search, Node: n.ID, Problem: t.Problem.Text, Steps: path,
	}
	result, err := t.Backend.Score(ctx, r)
	if err == nil {
		err = r.Check(result.Scores)
	}
	return result.Scores, err
}

// setScores stores a node's scores, or the reason why it has none. The reason counts as a fault
// unless the context or the budget ended the search. The caller holds t.mu.
func (t *Tree) setScores(ctx context.Context, n *Node, scores []float64, err error) {
	if err != nil {
		n.Reason = err.Error()
		if ctx.Err() == nil && !errors.Is(err, ErrSpent) {
			t.faults["some nodes were not scored: "+n.Reason]++
		}
		return
	}
	n.Scores, n.Value, n.Scored = scores, t.Problem.Aggregator.Of(scores), true
	for i, s := range scores[len(scores)-len(n.Steps):] {
		n.Steps[i].Score, n.Steps[i].Scored = s, true
	}
}

// lost returns how many children have failed. All must be ready.
func (b *batch) lost() (n int) {
	for _, child := range b.children {
		if child.failed() {
			n++
		}
	}
	return n
}
