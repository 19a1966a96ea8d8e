package backend

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// check checks the invariant of all accounts.
func (m *Metered) check(t interface{ Errorf(string, ...any) }) {
	if m.ledger == nil {
		return
	}
	m.ledger.mu.Lock()
	defer m.ledger.mu.Unlock()
	m.ledger.account.check(t)
}

// check checks the invariant of an account and of its parts. The caller holds the ledger's lock.
func (a *account) check(t interface{ Errorf(string, ...any) }) {
	for c, bounded := range a.bounded {
		if bounded && a.spent[c]+a.reserved[c] > max(0, a.bound[c]) || a.reserved[c] < 0 {
			t.Errorf("%s: %v spent and %v reserved of %v", currency(c), a.spent[c], a.reserved[c], a.bound[c])
		}
	}
	for _, b := range a.branches {
		b.check(t)
	}
	for _, r := range a.reservations {
		for _, s := range r.open {
			if s.account != nil && !s.closed {
				s.account.check(t)
			}
		}
	}
}

// A spender is a Backend with random costs, within the limits of its requests.
type spender struct {
	chance func(n int64) int64 // in [0,n]
	look   func()
}

func (s spender) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for n, i := range r.Ordinals {
			s.look()
			if s.chance(9) == 0 {
				yield(policy.Child{Usage: s.cost(r, n, len(r.Ordinals)-n)}, errors.New("engine broke"))
				return
			}
			u := s.cost(r, n, 1)
			runtime.Gosched()
			if !yield(policy.Child{Ordinal: i, Usage: u}, nil) {
				return
			}
		}
	}
}

// cost returns the usage of some children, of which the first is the n-th.
func (s spender) cost(r policy.Request, n, some int) reasoning.Usage {
	u := reasoning.Usage{Generated: s.chance(int64(some * r.Sampling.MaxTokens))}
	if n == 0 {
		u.Prompt = s.chance(int64(len(r.Problem)))
	}
	u.FLOPs = small.FLOPs(u.Generated + u.Prompt)
	return u
}

func (s spender) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	s.look()
	runtime.Gosched()
	if s.chance(9) == 0 {
		return verifier.Result{}, errors.New("verifier broke")
	}
	n := s.chance(int64(len(r.Problem)))
	return verifier.Result{Usage: reasoning.Usage{Verifier: n, FLOPs: small.FLOPs(n)}}, nil
}

var small = reasoning.Model{Parameters: 7}

// With any number of calls at a time and any costs, spent and reserved amounts never exceed
// the bound, every call ends, and the bill is the amount spent.
func TestMeterNeverOverspends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.Int64Range(0, 4000)
		b := Budget{bound.Draw(t, "policy"), bound.Draw(t, "verifier"), 14 * float64(bound.Draw(t, "flops"))}
		seed := rapid.Uint64().Draw(t, "seed")
		callers := rapid.IntRange(1, 8).Draw(t, "callers")
		most := rapid.IntRange(1, 64).Draw(t, "max tokens")
		width := rapid.IntRange(1, 8).Draw(t, "width")

		var mu sync.Mutex
		random := rand.New(rand.NewPCG(seed, 0))
		var m *Metered
		m = Meter(spender{
			chance: func(n int64) int64 { mu.Lock(); defer mu.Unlock(); return random.Int64N(n + 1) },
			look:   func() { m.check(t) },
		}, b, small, small)
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range 8 {
					r := ask(width)
					r.Sampling.MaxTokens = most
					for c, err := range m.Expand(t.Context(), r) {
						if err != nil {
							break // wasted tokens are billed, too
						}
						if c.Usage.Generated > int64(most) {
							t.Errorf("child of %d tokens, want at most %d", c.Usage.Generated, most)
						}
						all.Go(func() { _, _ = m.Score(t.Context(), verifier.Request{Problem: "31415"}) })
					}
				}
			})
		}
		all.Wait()
		m.audit(t)
		bill := m.Bill()
		if bill.Policy.Verifier != 0 || bill.Verifier.Generated != 0 {
			t.Errorf("bill mixes up policy and verifier: %+v", bill)
		}
	})
}

// The wasted tokens of samples that a search cancels are billed.
func TestMeterBillsCancelledSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		same := policytest.Steps(1, time.Second)
		say := same.Reply
		same.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			l := say(r, ordinal)
			l.Child.Steps = []reasoning.Step{{Text: "A:3\n", Tokens: 4}}
			if ordinal > 2 { // three of five have decided
				l.Delay, l.Wasted = policytest.Never, reasoning.Usage{Generated: 3}
			}
			return l
		}
		memo := Memo(Retry(fake{expand: same.Expand}, Backoff{}), NewMemory(100), Identity{})
		m := Meter(memo, Budget{}, reasoning.Model{}, reasoning.Model{})
		tree := search.New(m, search.Problem{
			Search: "s", Text: "1+2=", Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 9},
			Extract: func(text string) (string, bool) { return text, true },
		})
		if _, err := search.Run(t.Context(), tree, search.Majority{N: 5}); err != nil {
			t.Fatal(err)
		}
		if got, want := m.Bill().Policy.Generated, int64(3*4+2*3); got != want {
			t.Errorf("%d tokens on the bill, want %d: of three answers, and of two cancelled samples", got, want)
		}
	})
}

// The bill has each waste with its cause, of the policy and of the verifier, and what is told outside of children.
func TestMeterNamesWaste(t *testing.T) {
	for _, budget := range []Budget{{}, {PolicyTokens: 1000, VerifierTokens: 1000}} {
		calls := 0
		b := Retry(fake{
			expand: func(_ context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
				return func(yield func(policy.Child, error) bool) {
					if calls++; calls == 1 {
						yield(policy.Child{Usage: reasoning.Usage{Generated: 7}}, reasoning.ErrUnavailable)
						return
					}
					r.Wasted(reasoning.Wasted(reasoning.Waste{Lost: reasoning.Usage{Generated: 11}}))
					child := policy.Child{Steps: []reasoning.Step{{Text: "a", Tokens: 5}}, Usage: reasoning.Usage{Generated: 6}}
					child.Waste.Untrusted.Generated = 1
					if yield(child, nil) {
						yield(policy.Child{Usage: reasoning.Usage{Generated: 2}, Unknown: reasoning.Usage{Generated: 64}}, context.Canceled)
					}
				}
			},
			score: func(context.Context, verifier.Request) (verifier.Result, error) {
				if calls++; calls == 4 {
					return verifier.Result{Scores: []float64{1}, Usage: reasoning.Usage{Verifier: 30, Cached: 4}}, nil
				}
				err := reasoning.ErrOverloaded
				return verifier.Failed(reasoning.Cost{Usage: reasoning.Usage{Verifier: 20}}, err), err
			},
		}, Backoff{First: 1})
		m := Meter(b, budget, reasoning.Model{}, reasoning.Model{})
		if got, err := children(t.Context(), m, ask(2)); len(got) != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("got %d children and error %v, want one and a cancellation", len(got), err)
		}
		if _, err := m.Score(t.Context(), verifier.Request{Problem: "p", Steps: []string{"a"}}); err != nil {
			t.Error(err)
		}
		m.ChargeEstimate(reasoning.WastedBy(reasoning.ErrUnavailable, reasoning.Usage{Generated: 3}))
		want := reasoning.Bill{
			Policy:     reasoning.Usage{Generated: 7 + 11 + 6 + 2},
			Verifier:   reasoning.Usage{Verifier: 20 + 30, Cached: 4},
			Difficulty: reasoning.Usage{Generated: 3},
			Waste: reasoning.Waste{
				Cancelled: reasoning.Usage{Generated: 2}, Failed: reasoning.Usage{Generated: 7 + 3, Verifier: 20},
				Lost: reasoning.Usage{Generated: 11}, Untrusted: reasoning.Usage{Generated: 1},
			},
			Unknown: reasoning.Usage{Generated: 64},
		}
		if diff := cmp.Diff(m.Bill(), want); diff != "" {
			t.Errorf("budget %+v: bill (-got +want):\n%s", budget, diff)
		}
	}
}

// An engine that exceeds its limits is billed for all its tokens.
func TestMeterBillsOvershoot(t *testing.T) {
	over := fake{
		expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
			return func(yield func(policy.Child, error) bool) {
				yield(policy.Child{Usage: reasoning.Usage{Generated: 500}}, nil)
			}
		},
		score: func(context.Context, verifier.Request) (verifier.Result, error) {
			return verifier.Result{Usage: reasoning.Usage{Verifier: 700}}, nil
		},
	}
	m := Meter(over, Budget{PolicyTokens: 100, VerifierTokens: 100}, reasoning.Model{}, reasoning.Model{})
	if _, err := children(t.Context(), m, ask(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Score(t.Context(), verifier.Request{Problem: "p"}); err != nil {
		t.Fatal(err)
	}
	want := reasoning.Bill{Policy: reasoning.Usage{Generated: 500}, Verifier: reasoning.Usage{Verifier: 700}}
	if diff := cmp.Diff(m.Bill(), want); diff != "" {
		t.Errorf("bill (-got +want):\n%s", diff)
	}
	if _, err := children(t.Context(), m, ask(1)); !errors.Is(err, search.ErrSpent) {
		t.Errorf("policy: got error %v, want spent", err)
	}
	if _, err := m.Score(t.Context(), verifier.Request{Problem: "p"}); !errors.Is(err, search.ErrSpent) {
		t.Errorf("verifier: got error %v, want spent", err)
	}
}
