package backend

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// An Identity determines which results a Memo may reuse: those of the same models, for the
// same tenant.
type Identity struct {
	Tenant      string
	Policy      reasoning.Model
	RewardModel verifier.RewardModel
}

// A Memoed is a Backend that records results and does not request them again.
type Memoed struct {
	search.Backend
	// Unrecorded, if not nil, is called with the error of a store that did not accept a
	// result, which is yielded all the same. It must be set before the first call.
	Unrecorded func(error)
	// Looked, if not nil, is called after n results of a kind were looked up, with the number of those that were
	// recorded. It must be set before the first call.
	Looked func(c Call, n, recorded int)

	identity Identity
	store    Store
	free     Store // results that this search has paid for elsewhere

	mu sync.Mutex // makes reading and replacing the record of a child one operation
}

// Memo returns a backend that takes from a store the results that it has, and stores each
// other result before it yields it.
//
// The key of a child is its content (problem, prefix, seed, models), not the search or the
// strategy that requests it: the first steps of a whole sample of best-of-N are those of a
// beam. A recorded child has the usage with which it was generated, so that a repeated search
// costs the same.
func Memo(b search.Backend, store Store, id Identity) *Memoed {
	return &Memoed{Backend: b, identity: id, store: store, free: NewMemory(math.MaxInt)}
}

// Record stores a sample that the search has paid for already: a whole child of the root,
// with its scores if its steps have them. For this Memoed the sample costs nothing; for others
// it has its usage.
func (m *Memoed) Record(
	ctx context.Context, problem string, seed reasoning.Seed, sampling reasoning.Sampling, c policy.Child,
) error {
	r := policy.Request{Problem: problem, Seed: seed, Sampling: sampling, Span: policy.Whole}
	prefix := m.prefixKey(r)
	m.notice(m.record(ctx, m.store, prefix, r, c))
	paid := c
	paid = paid.WithCost(reasoning.Cost{})
	if err := m.record(ctx, m.free, prefix, r, paid); err != nil {
		return err
	}
	var s scored
	for _, step := range c.Steps {
		if !step.Scored {
			return nil
		}
		s.Scores = append(s.Scores, step.Score)
	}
	return save(ctx, m.free, m.pathKey(problem, reasoning.Texts(c.Steps)), &s)
}

// Expand implements search.Backend. It yields the recorded children first, in order, and then
// requests the others together.
func (m *Memoed) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if r.Validate() != nil || !r.Model.Accepts(m.identity.Policy) {
			m.Backend.Expand(ctx, r)(yield) // returns the error
			return
		}
		prefix := m.prefixKey(r)
		var missing []int
		for _, i := range r.Ordinals {
			child, ok, err := m.recall(ctx, prefix, r, i)
			switch {
			case err != nil:
				yield(policy.Child{}, err)
				return
			case !ok:
				missing = append(missing, i)
			case !yield(child, nil):
				return
			}
		}
		m.looked(CallExpand, len(r.Ordinals), len(r.Ordinals)-len(missing))
		if len(missing) == 0 {
			return
		}
		r.Ordinals = missing
		for child, err := range m.Backend.Expand(ctx, r) {
			if err != nil {
				yield(policy.Child{}.WithCost(child.Cost()), err)
				return
			}
			m.notice(m.record(ctx, m.store, prefix, r, child))
			if !yield(child, nil) {
				return
			}
		}
	}
}

// Score implements search.Backend.
func (m *Memoed) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	key := m.pathKey(r.Problem, r.Steps)
	for _, store := range []Store{m.free, m.store} {
		var s scored
		if ok, err := load(ctx, store, key, &s); ok || err != nil {
			m.looked(CallScore, 1, 1)
			return verifier.Result{Scores: s.Scores}.WithCost(s.cost()), err
		}
	}
	m.looked(CallScore, 1, 0)
	result, err := m.Backend.Score(ctx, r)
	if err == nil {
		err = r.Check(result.Scores)
	}
	if err != nil {
		return verifier.Failed(result.Cost(), err), err
	}
	m.notice(save(ctx, m.store, key, &scored{result.Scores, result.Usage, result.Waste, result.Unknown}))
	return result, nil
}

// looked calls Looked.
func (m *Memoed) looked(c Call, n, recorded int) {
	if m.Looked != nil {
		m.Looked(c, n, recorded)
	}
}

// notice calls Unrecorded with the error of a result that was not recorded.
func (m *Memoed) notice(err error) {
	if err != nil && m.Unrecorded != nil {
		m.Unrecorded(err)
	}
}

// recall returns the child that the policy would generate for r, if it is recorded.
func (m *Memoed) recall(
	ctx context.Context, prefix string, r policy.Request, ordinal int,
) (child policy.Child, ok bool, err error) {
	key := childKey(prefix, r, ordinal)
	for _, store := range []Store{m.free, m.store} {
		var rec recorded
		ok, err := load(ctx, store, key, &rec)
		if ok {
			rec, ok = m.fit(rec, r)
		}
		if !ok && err == nil {
			rec = recorded{}
			ok, err = load(ctx, store, cutKey(key, r), &rec)
		}
		if ok || err != nil {
			return policy.Child{Ordinal: ordinal, Steps: rec.Steps, Finish: rec.Finish}.WithCost(rec.cost()), ok, err
		}
	}
	return policy.Child{}, false, nil
}

// fit cuts a record to the steps that r requests; ok is false if it has fewer, or more tokens
// than r allows.
func (m *Memoed) fit(rec recorded, r policy.Request) (_ recorded, ok bool) {
	if r.Span != policy.Whole && r.Span < len(rec.Steps) {
		rec = m.cut(rec, r.Span)
	}
	complete := rec.Finish == reasoning.FinishEnd || r.Span == len(rec.Steps) ||
		r.Stop != "" && strings.HasSuffix(rec.Steps[len(rec.Steps)-1].Text, r.Stop)
	return rec, complete && tokens(rec.Steps) <= int64(r.Sampling.MaxTokens)
}

// cut returns the record of the first n steps, as if the policy had stopped there and wasted
// nothing.
func (m *Memoed) cut(rec recorded, n int) recorded {
	rec.Steps, rec.Finish = rec.Steps[:n], reasoning.FinishStep
	used := rec.cost().Used()
	generated := min(used.Generated, tokens(rec.Steps))
	used.FLOPs = max(0, used.FLOPs-m.identity.Policy.FLOPs(used.Generated-generated))
	used.Generated = generated
	rec.Usage, rec.Waste, rec.Unknown = used, reasoning.Waste{}, reasoning.Usage{}
	return rec
}

// record stores a child of r, unless the store has more of it. A child that r's token limit
// cut is stored for the same limit, and its whole steps for any.
func (m *Memoed) record(ctx context.Context, store Store, prefix string, r policy.Request, c policy.Child) error {
	rec := recorded{slices.Clone(c.Steps), c.Finish, c.Usage, c.Waste, c.Unknown}
	for i := range rec.Steps {
		rec.Steps[i].Score, rec.Steps[i].Scored = 0, false
	}
	var items []Item
	used := c.Cost().Used()
	if read := used.Prompt + used.Cached; read > 0 {
		items = append(items, itemOf(readKey(prefix), &prefixed{read}))
	}
	key, whole := childKey(prefix, r, c.Ordinal), true
	if c.Finish == reasoning.FinishLength {
		items = append(items, itemOf(cutKey(key, r), &rec))
		if whole = len(rec.Steps) > 1; whole {
			rec = m.cut(rec, len(rec.Steps)-1)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if whole {
		var old recorded
		switch ok, err := load(ctx, store, key, &old); {
		case err != nil:
			return err
		case !ok || old.Finish != reasoning.FinishEnd &&
			(rec.Finish == reasoning.FinishEnd || len(rec.Steps) > len(old.Steps)):
			items = append(items, itemOf(key, &rec))
		}
	}
	if len(items) == 0 {
		return nil
	}
	if err := store.Put(ctx, items...); err != nil {
		return fmt.Errorf("record a result: %w", err)
	}
	return nil
}

// tokens returns how many tokens some steps have.
func tokens(steps []reasoning.Step) (n int64) {
	for _, s := range steps {
		n += int64(s.Tokens)
	}
	return n
}
