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
// token delimiter and optionally append the string 'Wait'". It changes how nodes are
// expanded, not the search, so it works with every strategy.
//
// A child is generated in parts: its thinking, in one or several, and its answer. Each part
// is a request to w, so that w meters, records and traces it: forced text is part of the
// prompt and generates nothing, a suppressed end was generated and is billed, and a budget
// that is spent between parts leaves the child truncated. Siblings share the request of
// their first part. The seed of a later part depends on its number, so that a child does
// not depend on the order in which siblings arrive.
//
// The bound holds for the thinking of a path, from its root (or the start of its revision)
// to the mark that ends it. If children are steps, each has the tokens that its ancestors
// left: one without any begins with the forced end, and one that ends too early goes on
// after a "Wait" until it has the requested steps, not counting forced ones. The MaxTokens
// of a child hold for all of its parts together.
//
// Thinking that reaches Max is forced to answer; thinking that reaches the child's limit is
// truncated. (Other implementations confuse the two, and apply the budget anew in each
// part.) With ModeReject, thinking that would be forced is sampled again from its start, at
// most MaxTries times, and then truncated; the child's usage is that of all tries. At
// temperature 0 there is one try.
//
// A request must be for children of the root, or of nodes that this backend returned in the
// same search. Format is the prompt template of the policy's model: see Thinking.Format.
func Think(w search.Backend, t Thinking, format template.Template) search.Backend {
	if t.Mode == ModeAdvise {
		return advising{w, t.sentence()}
	}
	t.Wait = cmp.Or(t.Wait, format.Thinking.Wait)
	return &thinking{Backend: advising{w, t.sentence()}, Thinking: t, format: format, paths: map[string]thought{}}
}

// advising adds a sentence to the problem that the policy reads, not to the verifier's.
type advising struct {
	search.Backend
	sentence string
}

func (w advising) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	r.Problem += w.sentence
	return w.Backend.Expand(ctx, r)
}

// Reserve implements search.Ledger. It adds the cost of reading the sentence.
func (w advising) Reserve(ctx context.Context, demands []search.Demand, strands bool) search.Reservation {
	demands = slices.Clone(demands)
	for i := range demands {
		demands[i].Request.Problem += w.sentence
	}
	return reserve(ctx, w.Backend, demands, strands)
}

// Divide implements search.Ledger.
func (w advising) Divide(ctx context.Context, n int) []search.Branch {
	return divide(ctx, w.Backend, n)
}

// reserve returns a reservation of b, or an unbounded one if b has no budget.
func reserve(ctx context.Context, b search.Backend, demands []search.Demand, strands bool) search.Reservation {
	if ledger, ok := b.(search.Ledger); ok {
		return ledger.Reserve(ctx, demands, strands)
	}
	return search.Unbounded(ctx)
}

// divide returns the branches of b, or unbounded ones if b has no budget.
func divide(ctx context.Context, b search.Backend, n int) []search.Branch {
	if ledger, ok := b.(search.Ledger); ok {
		return ledger.Divide(ctx, n)
	}
	return search.Undivided(ctx, n)
}

type thinking struct {
	search.Backend
	Thinking
	format template.Template

	mu    sync.Mutex
	paths map[string]thought // by the id of the node that ends the path
}

// A thought is the state of the thinking on a path.
type thought struct {
	tokens int // of thinking
	waits  int
	over   bool // whether the path has the end of thinking
}

// Reserve implements search.Ledger. It adds a request for each part, and the tokens of
// rejected tries.
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
func (w *thinking) Divide(ctx context.Context, n int) []search.Branch {
	return divide(ctx, w.Backend, n)
}

// Expand implements search.Backend.
func (w *thinking) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if r.Validate() != nil || r.Stop != "" { // pass through: invalid, or the caller has its own Stop
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
				for range drafts { // wait until all parts have stopped
				}
				return
			}
		}
		if failed.err != nil {
			yield(policy.Child{}, failed.err)
		}
	}
}

// recall returns the state of the thinking on the prefix.
func (w *thinking) recall(r policy.Request) (thought, error) {
	if len(r.Steps) == 0 {
		return thought{}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	so, ok := w.paths[r.Node]
	if !ok {
		return so, reasoning.Invalid("node_id", "must be a node of this search, is %q: its thinking tokens are unknown", r.Node)
	}
	return so, nil
}

// record returns the child of a finished draft, and keeps the state of its thinking.
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

// writeAll requests the first parts of all children together, and the later parts of each
// child as soon as it has the one before. It sends the drafts as they finish.
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
			drafts <- &draft{ordinal: -1, err: fmt.Errorf(
				"policy sent child %d of node %q, which is repeated or was not requested", part.Ordinal, r.Node)}
			return
		}
		came[part.Ordinal] = true
		t := w.newDraft(r, so, part.Ordinal)
		t.begin()
		t.next()
		if t.take(part) {
			all.Go(func() { w.finish(ctx, t); drafts <- t })
		} else {
			drafts <- t // in the order of arrival: the first is charged with the prefix
		}
	}
}

// finish requests the later parts of a child until it is finished. If it fails, the draft
// has an error and no Finish.
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

// A failure collects the error of an expansion: search.ErrSpent if a child has it, otherwise
// the first error in the order of the children.
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
