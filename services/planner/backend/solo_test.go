package backend

import (
	"context"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// fickle is a Lock whose children arrive in a random order, and whose cache holds a random
// part of each prefix. As with engines, one child of each request is charged with the
// prefix.
type fickle struct {
	*searchtest.Lock
	mu     sync.Mutex
	chance *rand.Rand
}

func (f *fickle) upTo(n int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chance.Int64N(n + 1)
}

func size(r policy.Request) int64 {
	n := int64(len(r.Problem))
	for _, s := range r.Steps {
		n += int64(len(s))
	}
	return n
}

func (f *fickle) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		var all []policy.Child
		for c, err := range f.Lock.Expand(ctx, r) {
			if err != nil {
				yield(c, err)
				return
			}
			c.Usage = reasoning.Usage{Generated: tokens(c.Steps)}
			all = append(all, c)
		}
		f.mu.Lock()
		f.chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		f.mu.Unlock()
		payer := &all[f.upTo(int64(len(all)-1))].Usage
		payer.Cached = f.upTo(size(r))
		payer.Prompt = size(r) - payer.Cached
		for i := range all {
			all[i].Usage.FLOPs = identity.Policy.FLOPs(all[i].Usage.Generated + all[i].Usage.Prompt)
			if !yield(all[i], nil) {
				return
			}
		}
	}
}

func (f *fickle) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	result, err := f.Lock.Score(ctx, r)
	result.Usage.Cached = f.upTo(result.Usage.Verifier)
	result.Usage.Verifier -= result.Usage.Cached
	return result, err
}

// A solo bill does not depend on the order in which children arrive, on the caches of
// engines, or on the results that other searches have stored.
func TestSoloBillsDependOnTheSearchOnly(t *testing.T) {
	arms := []search.Strategy{
		search.Greedy{}, search.Majority{N: 6}, search.BestOfN{N: 3}, search.BestOfN{N: 9},
		search.Beam{N: 8, M: 2, MaxLevels: 40}, search.Beam{N: 6, M: 6, MaxLevels: 3},
	}
	bill := func(s search.Strategy, store Store, chance uint64) reasoning.Bill {
		f := &fickle{Lock: searchtest.NewLock(0.6, nil), chance: rand.New(rand.NewPCG(chance, 1))}
		w := Meter(Solo(Memo(f, store, identity)), Budget{}, identity.Policy, identity.RewardModel.Model)
		if _, err := search.Run(context.Background(), search.New(w, problem("s")), s); err != nil {
			t.Fatal(err)
		}
		return w.Bill()
	}
	var alone []reasoning.Bill
	for _, s := range arms {
		alone = append(alone, bill(s, NewMemory(1<<20), 1))
	}
	rapid.Check(t, func(t *rapid.T) {
		store := NewMemory(1 << 20)
		for range rapid.IntRange(1, 8).Draw(t, "searches") {
			i := rapid.IntRange(0, len(arms)-1).Draw(t, "arm")
			if diff := cmp.Diff(bill(arms[i], store, rapid.Uint64().Draw(t, "chance")), alone[i]); diff != "" {
				t.Fatalf("%#v (-got +alone):\n%s", arms[i], diff)
			}
		}
	})
}

// Solo bills of searches on the lock, computed by hand. The problem has 5 tokens, each step
// has 2.
func TestSoloBills(t *testing.T) {
	for _, test := range []struct {
		s    search.Strategy
		want reasoning.Bill
	}{
		{search.Greedy{}, reasoning.Bill{Policy: reasoning.Usage{Generated: 10, Prompt: 5, FLOPs: 15 * 2e6}}},
		{search.Majority{N: 3}, reasoning.Bill{Policy: reasoning.Usage{Generated: 30, Prompt: 5, FLOPs: 35 * 2e6}}},
		// The reward model reads the problem once, and three different solutions.
		{search.BestOfN{N: 3}, reasoning.Bill{
			Policy:   reasoning.Usage{Generated: 30, Prompt: 5, FLOPs: 35 * 2e6},
			Verifier: reasoning.Usage{Verifier: 5 + 3*10, Cached: 2 * 5, FLOPs: 35 * 2e6},
		}},
		// One child a level: the search has generated and scored its prefixes of 7, 9, 11 and
		// 13 tokens.
		{search.Beam{N: 1, M: 1, MaxLevels: 40}, reasoning.Bill{
			Policy:   reasoning.Usage{Generated: 10, Prompt: 5, Cached: 7 + 9 + 11 + 13, FLOPs: 15 * 2e6},
			Verifier: reasoning.Usage{Verifier: 15, Cached: 7 + 9 + 11 + 13, FLOPs: 15 * 2e6},
		}},
	} {
		f := &fickle{Lock: searchtest.NewLock(0.1, nil), chance: rand.New(rand.NewPCG(1, 1))}
		w := Meter(Solo(Memo(f, NewMemory(1<<20), identity)), Budget{}, identity.Policy, identity.RewardModel.Model)
		if _, err := search.Run(t.Context(), search.New(w, problem("s")), test.s); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.Bill(), test.want); diff != "" {
			t.Errorf("%#v (-got +want):\n%s", test.s, diff)
		}
	}
}

// A reward model with another tokenizer is billed for the problem with each path, because
// the problem's tokens within a path are unknown.
func TestSoloWithAnotherTokenizer(t *testing.T) {
	id := identity
	id.RewardModel.Tokenizer = "other"
	f := &fickle{Lock: searchtest.NewLock(0.1, nil), chance: rand.New(rand.NewPCG(1, 1))}
	w := Meter(Solo(Memo(f, NewMemory(1<<20), id)), Budget{}, id.Policy, id.RewardModel.Model)
	if _, err := search.Run(t.Context(), search.New(w, problem("s")), search.BestOfN{N: 3}); err != nil {
		t.Fatal(err)
	}
	if got := w.Bill().Verifier.Verifier; got != 3*15 {
		t.Errorf("read %d tokens, want all 15 of 3 paths", got)
	}
}

// The tokens that are read do not depend on the order in which paths are added.
func TestPathsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 1, 4), 1, 12).Draw(t, "paths")
		read := func(paths [][]string) (sum int64) {
			root := &pathNode{}
			for _, p := range paths {
				root.add(&pathNode{steps: p, tokens: int64(100 + 10*len(p))}, &sum)
			}
			return sum
		}
		if got, want := read(rapid.Permutation(paths).Draw(t, "order")), read(paths); got != want {
			t.Errorf("%d tokens are read, want %d as in the other order", got, want)
		}
	})
}

// Each revision reads the problem and the attempts that it is shown. The search has
// generated the attempts, so they are cached tokens, and each revision is billed for its
// own.
func TestSoloBillsAttempts(t *testing.T) {
	lock := searchtest.NewLock(0.6, nil)
	m := Meter(Solo(Memo(lock, NewMemory(1<<20), identity)), Budget{}, identity.Policy, identity.RewardModel.Model)
	for i, attempts := range [][]string{nil, {"1111\n"}, {"1111\n", "222\n"}} {
		r := ask(1)
		r.Attempts, r.Seed = attempts, reasoning.Seed(i)
		if _, err := children(t.Context(), m, r); err != nil {
			t.Fatal(err)
		}
	}
	problem := int64(len(ask(1).Problem))
	if got := m.Bill().Policy; got.Prompt != problem || got.Cached != 2*problem+5+5+4 {
		t.Errorf("%d prompt and %d cached tokens, want the problem's %d and %d",
			got.Prompt, got.Cached, problem, 2*problem+14)
	}
}

// A solo bill is that of a search whose engines do not fail.
func TestSoloBillHasNoWaste(t *testing.T) {
	bill := func(failures int) (solo, metered int64) {
		for _, alone := range []bool{true, false} {
			left := failures
			w := Retry(fake{expand: func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
				if left == 0 {
					return searchtest.NewLock(0.5, nil).Expand(ctx, r)
				}
				left--
				return func(yield func(policy.Child, error) bool) {
					yield(policy.Child{Usage: reasoning.Usage{Generated: 7}}, reasoning.ErrUnavailable)
				}
			}}, Backoff{First: 1})
			var b search.Backend = Memo(w, NewMemory(1<<20), Identity{})
			if alone {
				b = Solo(b.(*Memoed))
			}
			m := Meter(b, Budget{}, reasoning.Model{}, reasoning.Model{})
			if _, err := children(t.Context(), m, ask(2)); err != nil {
				t.Fatal(err)
			}
			if n := m.Bill().Policy.Generated; alone {
				solo = n
			} else {
				metered = n
			}
		}
		return solo, metered
	}
	solo, metered := bill(0)
	failed, wasted := bill(2)
	if solo != metered || failed != solo || wasted != metered+14 {
		t.Errorf("bills %d and %d without failures, %d and %d with two that wasted 7 tokens each", solo, metered, failed, wasted)
	}
}
