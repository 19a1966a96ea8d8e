package backend

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A broken is a Store that fails.
type broken struct {
	Store
	get, put error
}

// Get implements Store.
func (b broken) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if b.get != nil {
		return nil, false, b.get
	}
	return b.Store.Get(ctx, key)
}

// Put implements Store.
func (b broken) Put(ctx context.Context, items ...Item) error {
	if b.put != nil {
		return b.put
	}
	return b.Store.Put(ctx, items...)
}

// If a store cannot be written, results are not recorded; if it cannot be read, calls fail.
func TestMemoStoreFails(t *testing.T) {
	fault := errors.New("disk fault")
	path := verifier.Request{Problem: "31415", Steps: []string{"3\n"}}
	for name, test := range map[string]struct {
		store broken
		want  error
	}{
		"put": {broken{NewMemory(1 << 20), nil, fault}, nil},
		"get": {broken{NewMemory(1 << 20), fault, nil}, fault},
	} {
		m := Memo(searchtest.NewLock(0.5, nil), test.store, identity)
		var unrecorded []error
		m.Unrecorded = func(err error) { unrecorded = append(unrecorded, err) }
		got, err := children(t.Context(), m, ask(2))
		if !errors.Is(err, test.want) || len(got) != 2 && test.want == nil {
			t.Errorf("%s: got %d children and error %v, want %v", name, len(got), err, test.want)
		}
		if _, err := m.Score(t.Context(), path); !errors.Is(err, test.want) {
			t.Errorf("%s: score: got error %v, want %v", name, err, test.want)
		}
		if err := m.Record(t.Context(), "31415", 1, ask(1).Sampling, policy.Child{}); err != nil {
			t.Errorf("%s: record: %v", name, err)
		}
		if name == "put" && len(unrecorded) != 4 {
			t.Errorf("%s: %d results were not recorded, want 4", name, len(unrecorded))
		}
		for _, err := range unrecorded {
			if !errors.Is(err, fault) {
				t.Errorf("%s: got %v, want the store's", name, err)
			}
		}
	}
	store := NewMemory(1 << 20)
	m := Memo(searchtest.NewLock(0.5, nil), store, identity)
	for c, err := range m.Expand(t.Context(), ask(2)) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := store.Get(context.Background(), childKey(m.prefixKey(ask(2)), ask(2), c.Ordinal)); !ok {
			t.Errorf("child %d was yielded before it was stored", c.Ordinal)
		}
	}
	for key := range store.byKey {
		if err := store.Put(context.Background(), Item{key, []byte("rust")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := children(t.Context(), m, ask(2)); err == nil {
		t.Error("a damaged record was no error")
	}
}

// Errors and invalid scores are not recorded.
func TestMemoForgetsFailures(t *testing.T) {
	calls := 0
	w := fake{
		expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
			return func(yield func(policy.Child, error) bool) { calls++; yield(policy.Child{}, reasoning.ErrOverloaded) }
		},
		score: func(context.Context, verifier.Request) (verifier.Result, error) {
			calls++
			return verifier.Result{Scores: []float64{0.5, 0.5}}, nil
		},
	}
	m := Memo(w, NewMemory(1<<20), identity)
	for range 2 {
		if _, err := children(t.Context(), m, ask(1)); !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got error %v, want the policy's", err)
		}
		_, err := m.Score(t.Context(), verifier.Request{Problem: "p", Steps: []string{"1"}})
		if !errors.Is(err, verifier.ErrBadScores) {
			t.Errorf("got error %v, want ErrBadScores", err)
		}
	}
	if calls != 4 {
		t.Errorf("got %d calls, want each failure requested again", calls)
	}
}

// Texts are replayed byte for byte, also if they end within a character.
func TestMemoKeepsBytes(t *testing.T) {
	want := policy.Child{
		Steps: []reasoning.Step{{Text: "½ \xe2\x82", Tokens: 3, LogProb: -1.0 / 3}}, Finish: reasoning.FinishEnd,
	}
	m := Memo(fake{expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
		return func(yield func(policy.Child, error) bool) { yield(want, nil) }
	}}, NewMemory(1<<20), identity)
	for range 2 {
		got, err := children(t.Context(), m, ask(1))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, []policy.Child{want}); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	}
}
