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
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// check checks an account's invariant. The caller holds the meter's lock.
func (a *account) check(t interface{ Errorf(string, ...any) }) {
	for c, bounded := range a.bounded {
		if bounded && a.spent[c]+a.reserved[c] > max(0, a.bound[c]) || a.reserved[c] < 0 {
			t.Errorf("%s: %v spent and %v reserved of %v", currency(c), a.spent[c], a.reserved[c], a.bound[c])
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
			look: func() {
				m.mu.Lock()
				defer m.mu.Unlock()
				if m.account != nil {
					m.account.check(t)
				}
			},
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
			t.Errorf("bill mixes up who was paid: %+v", bill)
		}
	})
}

// grants returns how many tokens per child an Expand of n children may generate.
func grants(m *Metered, inner *[]int, n int) (granted int, err error) {
	*inner = nil
	_, err = children(context.Background(), m, ask(n))
	if len(*inner) > 0 {
		granted = (*inner)[0]
	}
	return granted, err
}

// A small budget gives children fewer tokens; it refuses all of them if there is less than
// one token for each.
func TestMeterShrinks(t *testing.T) {
	for _, test := range []struct {
		b        Budget
		n        int
		want     int
		wantLeft error
	}{
		{Budget{}, 4, 64, nil},
		{Budget{PolicyTokens: 256}, 4, 64, nil},
		{Budget{PolicyTokens: 255}, 4, 63, nil},
		{Budget{PolicyTokens: 4}, 4, 1, nil},
		{Budget{PolicyTokens: 3}, 4, 0, search.ErrSpent},
		{Budget{PolicyTokens: -1}, 1, 0, search.ErrSpent},
		{Budget{FLOPs: small.FLOPs(64 + 5 + 4*64)}, 4, 64, nil}, // 64 for the template, 5 for the problem
		{Budget{FLOPs: small.FLOPs(64 + 5 + 4*10)}, 4, 10, nil},
		{Budget{FLOPs: small.FLOPs(64 + 5 + 3)}, 4, 0, search.ErrSpent},
		{Budget{PolicyTokens: 100, FLOPs: small.FLOPs(64 + 5 + 4*10)}, 4, 10, nil},
		{Budget{PolicyTokens: 20, FLOPs: small.FLOPs(64 + 5 + 4*10)}, 4, 5, nil},
	} {
		var seen []int
		m := Meter(fake{expand: func(_ context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			seen = append(seen, r.Sampling.MaxTokens)
			if len(r.Ordinals) != test.n {
				t.Errorf("%+v: %d children asked for, want %d", test.b, len(r.Ordinals), test.n)
			}
			return func(func(policy.Child, error) bool) {}
		}}, test.b, small, small)
		got, err := grants(m, &seen, test.n)
		if got != test.want || !errors.Is(err, test.wantLeft) {
			t.Errorf("%+v: got %d tokens each and error %v, want %d and %v", test.b, got, err, test.want, test.wantLeft)
		}
	}
}

// A call waits for earlier calls if the budget cannot pay for all of them at their most.
func TestMeterWaits(t *testing.T) {
	type end struct {
		After time.Duration
		Spent bool
	}
	for name, test := range map[string]struct {
		budget int64
		want   end
	}{
		// Child i of the first call arrives after i+1 s and returns 64-10 tokens. The grant of
		// the second call depends on the cost of the first, so it waits for its end.
		"as much comes back": {4 * 64, end{4 * time.Second, false}},
		// 5 tokens each are left, which are granted.
		"little is left":  {4*10 + 20, end{4 * time.Second, false}},
		"nothing is left": {4*10 + 3, end{4 * time.Second, true}},
		"enough was left": {8 * 64, end{0, false}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				delay := func(_ policy.Request, i int) time.Duration { return time.Duration(i+1) * time.Second }
				lock := searchtest.NewLock(0.5, delay)
				m := Meter(lock, Budget{PolicyTokens: test.budget}, reasoning.Model{}, reasoning.Model{})
				start := time.Now()
				first := make(chan error)
				go func() { _, err := children(t.Context(), m, ask(4)); first <- err }()
				synctest.Wait()
				r := ask(4)
				var got end
				r.Ordinals = []int{4, 5, 6, 7}
				for _, err := range m.Expand(t.Context(), r) {
					got.Spent = errors.Is(err, search.ErrSpent)
					got.After = time.Since(start)
					if err == nil {
						got.After -= 5 * time.Second // the time of its own first child
					}
					break
				}
				if err := <-first; err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(got, test.want); diff != "" {
					t.Errorf("second call started (-got +want):\n%s", diff)
				}
			})
		})
	}
}

func TestMeterStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, func(policy.Request, int) time.Duration { return time.Minute })
		m := Meter(lock, Budget{PolicyTokens: 64}, reasoning.Model{}, reasoning.Model{})
		done := make(chan error)
		go func() { _, err := children(t.Context(), m, ask(1)); done <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := children(ctx, m, ask(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want the deadline", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A call that fails returns its reservation to the calls that wait.
func TestFailedCallReturnsItsReservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broke := errors.New("engine broke")
		m := Meter(fake{expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
			return func(yield func(policy.Child, error) bool) {
				time.Sleep(time.Second)
				yield(policy.Child{}, broke)
			}
		}}, Budget{PolicyTokens: 64}, reasoning.Model{}, reasoning.Model{})
		start := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := children(t.Context(), m, ask(1)); err != broke {
					t.Errorf("got error %v, want the engine's", err)
				}
			})
		}
		all.Wait()
		if got, want := time.Since(start), 3*time.Second; got != want {
			t.Errorf("took %v, want %v, one after the other", got, want)
		}
	})
}

// A call that the caller stops early returns the rest of its reservation; its wasted tokens
// are billed.
func TestStoppedCallReturnsItsReservation(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	m := Meter(lock, Budget{PolicyTokens: 1000}, reasoning.Model{}, reasoning.Model{})
	for range m.Expand(t.Context(), ask(4)) {
		break
	}
	if got := m.account; got.spent[currencyTokens] != 10 || got.reserved != (amount{}) {
		t.Errorf("got %+v, want 10 spent and none reserved", got)
	}
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
