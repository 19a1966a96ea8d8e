package backend

import (
	"context"
	"crypto/sha256"
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

// An Identity says which results may stand in for each other: those of the same models,
// for the same tenant.
type Identity struct {
	Tenant      string
	Policy      reasoning.Model
	RewardModel verifier.RewardModel
}

// A Memoed is a Backend that records results and does not ask for them again.
type Memoed struct {
	search.Backend
	// Unrecorded, if not nil, is called with the error of a store that did not take a
	// result. The result is yielded all the same. It is set before the first call.
	Unrecorded func(error)

	identity Identity
	store    Store
	free     Store // results that are paid already, for this Memoed alone

	mu sync.Mutex // held from looking at what is recorded of a child to replacing it
}

// Memo answers from a store what the store holds, and stores each result before it
// yields it.
//
// A child is known by its content (problem, prefix, chance, models), not by the
// search or strategy that it is for: whole samples of best-of-N are, cut, the first
// steps of a beam. A recorded child has the usage that it had when it was written,
// so that a search costs the same again.
func Memo(b search.Backend, store Store, id Identity) *Memoed {
	return &Memoed{Backend: b, identity: id, store: store, free: NewMemory(math.MaxInt)}
}

// Record puts in a sample that is paid already: a whole child of the problem's root, with
// its scores if its steps have them. To this Memoed it is free; others find it with its
// usage.
func (m *Memoed) Record(ctx context.Context, problem string, seed reasoning.Seed, sampling reasoning.Sampling, c policy.Child) error {
	r := policy.Request{Problem: problem, Seed: seed, Sampling: sampling, Span: policy.Whole}
	prefix := m.prefixKey(r)
	m.notice(m.record(ctx, m.store, prefix, r, c))
	paid := c
	paid.Usage = reasoning.Usage{}
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

// Expand implements search.Backend: what is recorded comes first, in order, and the
// rest is one request.
func (m *Memoed) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if r.Validate() != nil || !r.Model.Accepts(m.identity.Policy) {
			m.Backend.Expand(ctx, r)(yield) // which says what is wrong
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
		if len(missing) == 0 {
			return
		}
		r.Ordinals = missing
		for child, err := range m.Backend.Expand(ctx, r) {
			if err != nil {
				yield(policy.Child{Usage: child.Usage}, err)
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
			return verifier.Result{Scores: s.Scores, Usage: s.Usage}, err
		}
	}
	result, err := m.Backend.Score(ctx, r)
	if err != nil {
		return verifier.Result{}, err
	}
	if err := r.Check(result.Scores); err != nil { // not worth recording
		return verifier.Result{}, err
	}
	m.notice(save(ctx, m.store, key, &scored{result.Scores, result.Usage}))
	return result, nil
}

// notice reports that a result was not recorded, if err says so.
func (m *Memoed) notice(err error) {
	if err != nil && m.Unrecorded != nil {
		m.Unrecorded(err)
	}
}

// recall returns a child as r would get it, if it is recorded.
func (m *Memoed) recall(ctx context.Context, prefix string, r policy.Request, ordinal int) (child policy.Child, ok bool, err error) {
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
			return policy.Child{Ordinal: ordinal, Steps: rec.Steps, Finish: rec.Finish, Usage: rec.Usage}, ok, err
		}
	}
	return policy.Child{}, false, nil
}

// fit cuts a record to what r asks for; ok is false if the record does not hold that.
func (m *Memoed) fit(rec recorded, r policy.Request) (_ recorded, ok bool) {
	if r.Span != policy.Whole && r.Span < len(rec.Steps) {
		rec = m.cut(rec, r.Span)
	}
	complete := rec.Finish == reasoning.FinishEnd || r.Span == len(rec.Steps) ||
		r.Stop != "" && strings.HasSuffix(rec.Steps[len(rec.Steps)-1].Text, r.Stop)
	return rec, complete && tokens(rec.Steps) <= int64(r.Sampling.MaxTokens)
}

// cut returns the record of the first n steps, as if the policy had stopped there.
func (m *Memoed) cut(rec recorded, n int) recorded {
	rec.Steps, rec.Finish = rec.Steps[:n], reasoning.FinishStep
	generated := min(rec.Usage.Generated, tokens(rec.Steps))
	rec.Usage.FLOPs = max(0, rec.Usage.FLOPs-m.identity.Policy.FLOPs(rec.Usage.Generated-generated))
	rec.Usage.Generated = generated
	return rec
}

// record stores a child that came for r, unless a longer text of it is there. A child
// that a limit cut is the answer to r itself, and its whole steps are as good as any.
func (m *Memoed) record(ctx context.Context, store Store, prefix string, r policy.Request, c policy.Child) error {
	rec := recorded{slices.Clone(c.Steps), c.Finish, c.Usage}
	for i := range rec.Steps {
		rec.Steps[i].Score, rec.Steps[i].Scored = 0, false
	}
	var items []Item
	if read := c.Usage.Prompt + c.Usage.Cached; read > 0 {
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
		case !ok || old.Finish != reasoning.FinishEnd && (rec.Finish == reasoning.FinishEnd || len(rec.Steps) > len(old.Steps)):
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

// prefixKey names a prefix and how it is continued. %q keeps fields apart, and bytes
// that are not UTF-8 distinct.
func (m *Memoed) prefixKey(r policy.Request) string {
	key := hash("prefix %q %q %q %q %v %v", m.identity.Tenant, names(m.identity.Policy), r.Problem, r.Steps, r.Sampling.Temperature, r.Sampling.TopP)
	if len(r.Attempts) > 0 { // without, a key is what it was before there were any
		key = hash("attempts %s %q", key, r.Attempts)
	}
	if r.Stop != "" { // where it ends a step, others would go on
		key = hash("stop %s %q", key, r.Stop)
	}
	return key
}

// childKey names a child whatever its length.
func childKey(prefix string, r policy.Request, ordinal int) string {
	return hash("child %s %d", prefix, r.Seed.Child(ordinal))
}

// readKey names what a prefix cost to read.
func readKey(prefix string) string { return hash("read %s", prefix) }

// cutKey names a child that r's token limit cuts.
func cutKey(child string, r policy.Request) string {
	return hash("cut %s %d %d", child, r.Span, r.Sampling.MaxTokens)
}

// pathKey names a path's scores. The aggregator is no part of it: it reads scores
// and does not change them.
func (m *Memoed) pathKey(problem string, steps []string) string {
	return hash("path %q %q %q %q", m.identity.Tenant, names(m.identity.RewardModel.Model), problem, steps)
}

func names(m reasoning.Model) []string { return []string{m.Name, m.Version, m.Tokenizer, m.Template} }

func hash(format string, parts ...any) string {
	h := sha256.New()
	fmt.Fprintf(h, format, parts...)
	return fmt.Sprintf("%x", h.Sum(nil))
}
