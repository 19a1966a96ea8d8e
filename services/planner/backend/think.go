package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Think has a policy think for as long as t says, by budget forcing (s1:
// Muennighoff et al. 2025, arXiv 2501.19393, §3.1): "we enforce a maximum token count
// by simply appending the end-of-thinking token delimiter and optionally 'Final
// Answer:'"; "to enforce a minimum, we suppress the generation of the end-of-thinking
// token delimiter and optionally append the string 'Wait'". It is a way to expand, not
// to search, so every strategy can be had with it.
//
// A child is written in parts: its thinking, perhaps in several, and its answer. Each
// part is a request of its own to w, so w is metered, recorded and traced: what is
// forced is prompt and generates nothing, the end that is suppressed was generated
// and is paid, and a budget that is spent between parts leaves the child cut.
// Siblings share their first part. The seed of a later one is its parent's child by
// the part's number, so that the same child is written whatever came first.
//
// What is bounded is the thinking of a path, from its root (or its revision's start)
// to the mark that ends it. In whole children that is the child's. Where children
// are steps, each has what its ancestors left: one that is asked for when nothing is
// left starts with the forced end, and one that would end too early waits and goes on
// until it has the steps that it was asked for, beside what was forced. A child's own
// MaxTokens hold for all of its parts together.
//
// Thinking that is cut, at Max or by the child's limit, is never a natural end: the
// first is forced to answer, the second is cut (peers have taken the one for the
// other, and used up the budget anew in each part). With Reject, what would be forced
// is written again from its start, at most MaxTries times, then it is cut; the child's
// usage is that of all tries. At temperature 0 there is one.
//
// It must be asked only for children of what it wrote itself, in the same search.
// Format is t's for the policy's model.
func Think(w search.Backend, t Thinking, format template.Template) search.Backend {
	if t.Mode == ModeAdvise {
		return advising{w, t.sentence()}
	}
	t.Wait = cmp.Or(t.Wait, format.Thinking.Wait)
	return &thinking{Backend: advising{w, t.sentence()}, Thinking: t, format: format, paths: map[string]thought{}}
}

// advising tells the policy, and not the verifier, something after the problem.
type advising struct {
	search.Backend
	sentence string
}

func (w advising) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	r.Problem += w.sentence
	return w.Backend.Expand(ctx, r)
}

// Reserve implements search.Ledger: what the sentence adds is read, too.
func (w advising) Reserve(ctx context.Context, demands []search.Demand, strands bool) search.Reservation {
	demands = slices.Clone(demands)
	for i := range demands {
		demands[i].Request.Problem += w.sentence
	}
	return reserve(ctx, w.Backend, demands, strands)
}

// Divide implements search.Ledger.
func (w advising) Divide(ctx context.Context, n int) ([]context.Context, func()) {
	return divide(ctx, w.Backend, n)
}

// reserve passes a reservation on to a backend that may keep a budget.
func reserve(ctx context.Context, b search.Backend, demands []search.Demand, strands bool) search.Reservation {
	if ledger, ok := b.(search.Ledger); ok {
		return ledger.Reserve(ctx, demands, strands)
	}
	return search.Unbounded(ctx)
}

// divide passes branches on to a backend that may keep a budget.
func divide(ctx context.Context, b search.Backend, n int) ([]context.Context, func()) {
	if ledger, ok := b.(search.Ledger); ok {
		return ledger.Divide(ctx, n)
	}
	return slices.Repeat([]context.Context{ctx}, n), func() {}
}

type thinking struct {
	search.Backend
	Thinking
	format template.Template

	mu    sync.Mutex
	paths map[string]thought // by the id of the node that ends the path
}

// A thought is how far a path has come.
type thought struct {
	tokens int // of thinking
	waits  int
	over   bool // the end of thinking is written
}

// Reserve implements search.Ledger: a child takes a request for each part, and what is
// rejected was generated.
func (w *thinking) Reserve(ctx context.Context, demands []search.Demand, strands bool) search.Reservation {
	demands = slices.Clone(demands)
	for i := range demands {
		demands[i].Parts += 1 + w.Waits
		if w.Mode == ModeReject {
			demands[i].Parts += MaxTries
			demands[i].Tokens *= MaxTries
		}
	}
	return reserve(ctx, w.Backend, demands, strands)
}

// Divide implements search.Ledger.
func (w *thinking) Divide(ctx context.Context, n int) ([]context.Context, func()) {
	return divide(ctx, w.Backend, n)
}

// Expand implements search.World.
func (w *thinking) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if r.Validate() != nil || r.Stop != "" { // w says what is wrong; who stops a child has other plans for it
			w.Backend.Expand(ctx, r)(yield)
			return
		}
		so, err := w.recall(r)
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		drafts := make(chan *draft)
		go func() {
			defer close(drafts)
			w.writeAll(ctx, r, so, drafts)
		}()
		var failed failure
		for t := range drafts {
			failed.add(t.ordinal, t.err)
			if t.child.Finish != 0 && !yield(w.record(r, t), nil) {
				leave()
				for range drafts { // until all parts are stopped
				}
				return
			}
		}
		if failed.err != nil {
			yield(policy.Child{}, failed.err)
		}
	}
}

// recall is how far the prefix has come.
func (w *thinking) recall(r policy.Request) (thought, error) {
	if len(r.Steps) == 0 {
		return thought{}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	so, ok := w.paths[r.Node]
	if !ok {
		return so, reasoning.Invalid("node_id", "%q is not known: how long it has thought would be a guess", r.Node)
	}
	return so, nil
}

func (w *thinking) record(r policy.Request, t *draft) policy.Child {
	id := strconv.Itoa(t.ordinal)
	if r.Node != "" {
		id = r.Node + "." + id
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paths[id] = t.thought
	t.child.Ordinal = t.ordinal
	return t.child
}

// writeAll asks for the first parts of all children together, and for the others' of
// each as soon as it has one.
func (w *thinking) writeAll(ctx context.Context, r policy.Request, so thought, drafts chan<- *draft) {
	var all sync.WaitGroup
	defer all.Wait()
	first := w.newDraft(r, so, 0)
	if !first.begin() {
		for _, ordinal := range r.Ordinals {
			drafts <- w.newDraft(r, so, ordinal).cut(nil)
		}
		return
	}
	ask := first.next()
	ask.Ordinals = r.Ordinals
	came := map[int]bool{}
	for part, err := range w.Backend.Expand(ctx, ask) {
		if err != nil {
			drafts <- &draft{ordinal: -1, err: err}
			return
		}
		if came[part.Ordinal] || !slices.Contains(r.Ordinals, part.Ordinal) {
			drafts <- &draft{ordinal: -1, err: fmt.Errorf("policy sent child %d of node %q, which was not asked for or came twice", part.Ordinal, r.Node)}
			return
		}
		came[part.Ordinal] = true
		t := w.newDraft(r, so, part.Ordinal)
		t.begin()
		t.next()
		if t.take(part) {
			all.Go(func() { w.finish(ctx, t); drafts <- t })
		} else {
			drafts <- t // in the order in which they came: the first has paid for the prefix
		}
	}
}

// finish goes on from a child's first part to its end. Where that cannot be had, the
// child has an error and no Finish.
func (w *thinking) finish(ctx context.Context, t *draft) {
	for more := true; more; {
		more = false
		for part, err := range w.Backend.Expand(ctx, t.next()) {
			if err != nil {
				t.err = err
				break
			}
			more = t.take(part)
		}
		switch {
		case !more && t.child.Finish == 0 && errors.Is(t.err, search.ErrSpent):
			t.cut(t.err)
		case !more && t.child.Finish == 0 && t.err == nil:
			t.err = fmt.Errorf("policy sent nothing for child %d of node %q", t.ordinal, t.request.Node)
		}
	}
}

// A failure is the error that an expansion ends with: that the budget is spent, or
// else the first one in the children's order.
type failure struct {
	ordinal int
	err     error
}

func (f *failure) add(ordinal int, err error) {
	spent := errors.Is(f.err, search.ErrSpent)
	switch {
	case err == nil || spent && !errors.Is(err, search.ErrSpent):
	case f.err == nil || errors.Is(err, search.ErrSpent) && !spent || ordinal < f.ordinal:
		*f = failure{ordinal, err}
	}
}
