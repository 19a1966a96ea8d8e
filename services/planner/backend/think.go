package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Think returns a backend whose policy thinks for as long as t determines, by budget forcing
// (s1: Muennighoff et al. 2025, arXiv 2501.19393, §3.1): "we enforce a maximum token count
// by simply appending the end-of-thinking token delimiter and optionally 'Final
// Answer:'"; "to enforce a minimum, we suppress the generation of the end-of-thinking
// token delimiter and optionally append the string 'Wait'". It changes how nodes are
// expanded, not the search, so that it works with every strategy.
//
// A child is generated in parts: its thinking, in one or several, and its answer. Each part
// is a request to b, so that b meters, records and traces it. Forced text is part of the
// prompt and costs no generated tokens; a suppressed end was generated and is billed. A
// budget that is spent between parts leaves the child truncated. Siblings share the request
// of their first part. The seed of a later part depends on its number, so that a child does
// not depend on the order in which siblings arrive.
//
// The bound holds for the thinking of a path, from its root (or the start of its revision)
// to the mark that ends it. If children are steps, each has the tokens that its ancestors
// left: if none are left, the child begins with the forced end. A child whose thinking ends
// too early goes on after a "Wait" until it has the requested steps, not counting forced
// ones. The MaxTokens of a child hold for all of its parts together.
//
// If thinking reaches Max, the policy is forced to answer; if it reaches the child's limit,
// the child is truncated. (Other implementations confuse the two, and apply the budget anew
// in each part.) With ModeReject, thinking that would be forced is sampled again from its
// start, at most MaxTries times, and then truncated; the child's usage is that of all tries.
// At temperature 0 there is one try.
//
// A request must be for children of the root, or of nodes that this backend returned in the
// same search. format is the prompt template of the policy's model: see Thinking.Format.
func Think(b search.Backend, t Thinking, format template.Template) search.Backend {
	if t.Mode == ModeAdvise {
		return advising{b, t.sentence()}
	}
	if !t.EmptyWait {
		t.Wait = cmp.Or(t.Wait, format.Thinking.Wait)
	}
	return &thinking{Backend: advising{b, t.sentence()}, Thinking: t, format: format, paths: map[string]thought{}}
}

// thinking is the Backend that Think returns, unless it only advises.
type thinking struct {
	search.Backend
	Thinking
	format template.Template

	mu    sync.Mutex
	paths map[string]thought // by the id of the node that ends the path
}

// Reserve implements search.Ledger. It adds a request for each part, and the tokens of
// rejected tries.
func (b *thinking) Reserve(ctx context.Context, demands []search.Demand, followUps bool) search.Reservation {
	demands = slices.Clone(demands)
	for i := range demands {
		demands[i].Parts += 1 + b.Waits
		if b.Mode == ModeReject {
			demands[i].Parts += MaxTries
			demands[i].Tokens *= MaxTries
		}
	}
	return search.Reserve(ctx, b.Backend, demands, followUps)
}

// Divide implements search.Ledger.
func (b *thinking) Divide(ctx context.Context, n int) []search.Branch {
	return search.Divide(ctx, b.Backend, n)
}

// Expand implements search.Backend.
func (b *thinking) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if r.Validate() != nil || r.Stop != "" { // pass through: invalid, or the caller has its own Stop
			b.Backend.Expand(ctx, r)(yield)
			return
		}
		before, err := b.recall(r)
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		results := make(chan result)
		go func() {
			defer close(results)
			b.generateAll(ctx, r, before, results)
		}()
		var failed failure
		for each := range results {
			failed.add(each)
			if each.draft != nil && each.draft.phase == phaseFinished && !yield(b.record(r, each.draft), nil) {
				cancel()
				for range results { // wait until all parts have stopped
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
func (b *thinking) recall(r policy.Request) (thought, error) {
	if len(r.Steps) == 0 {
		return thought{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	before, ok := b.paths[r.Node]
	if !ok {
		return before, reasoning.Invalid("node_id",
			"must be a node of this search, is %q: its thinking tokens are unknown", r.Node)
	}
	return before, nil
}

// record keeps the state of the thinking of a finished draft, and returns the child.
func (b *thinking) record(r policy.Request, d *draft) policy.Child {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paths[childID(r.Node, d.child.Ordinal)] = d.thought
	return d.child
}

// generateAll requests the first parts of all children together, and the later parts of each
// child as soon as it has the one before. It sends each child that is finished or has failed.
func (b *thinking) generateAll(ctx context.Context, r policy.Request, before thought, results chan<- result) {
	var later sync.WaitGroup
	defer later.Wait()
	first := b.newDraft(r, before, 0)
	if first.phase == phaseFinished {
		for _, ordinal := range r.Ordinals {
			results <- result{draft: b.newDraft(r, before, ordinal)}
		}
		return
	}
	arrived := map[int]bool{}
	for part, err := range b.Backend.Expand(ctx, first.next()) {
		if err == nil && (arrived[part.Ordinal] || !slices.Contains(r.Ordinals, part.Ordinal)) {
			err = fmt.Errorf("policy sent child %d of node %q, which is repeated or was not requested", part.Ordinal, r.Node)
		}
		if err != nil {
			results <- result{err: err}
			return
		}
		arrived[part.Ordinal] = true
		d := b.newDraft(r, before, part.Ordinal)
		if d.take(part); d.phase == phaseFinished {
			results <- result{draft: d} // in the order of arrival: the first is charged with the prefix
			continue
		}
		later.Go(func() { results <- result{d, b.generate(ctx, d)} })
	}
}

// generate requests the later parts of a child until it is finished. If the budget is spent
// before, the child is truncated; after any other error it is not finished.
func (b *thinking) generate(ctx context.Context, d *draft) (err error) {
	for d.phase != phaseFinished {
		parts := d.parts
		for part, failed := range b.Backend.Expand(ctx, d.next()) {
			if failed != nil {
				err = failed
				break
			}
			d.take(part)
		}
		switch {
		case d.parts > parts:
		case errors.Is(err, search.ErrSpent):
			d.truncate()
		case err == nil:
			return fmt.Errorf("policy sent nothing for child %d of node %q", d.child.Ordinal, d.request.Node)
		default:
			return err
		}
	}
	return err
}

// A result is a draft that is finished, or the error of a draft or, without one, of the whole
// request. A draft that is truncated because the budget is spent has both.
type result struct {
	draft *draft
	err   error
}

// A failure collects the error of an expansion: search.ErrSpent if a child has it, otherwise
// the first error in the order of the children.
type failure struct {
	ordinal int // -1 for the whole request
	err     error
}

// add collects the error of a result, if it has one.
func (f *failure) add(r result) {
	ordinal := -1
	if r.draft != nil {
		ordinal = r.draft.child.Ordinal
	}
	spent, isSpent := errors.Is(f.err, search.ErrSpent), errors.Is(r.err, search.ErrSpent)
	if r.err != nil && (f.err == nil || isSpent && !spent || isSpent == spent && ordinal < f.ordinal) {
		*f = failure{ordinal, r.err}
	}
}
