package backend

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
)

// With a small budget, children that are granted together get fewer tokens each, but at least
// half of their limit, as they are whole solutions. Below that one child gets what is left,
// and the next what it leaves. Children are refused if there is less than one token for each.
func TestMeterShrinks(t *testing.T) {
	for _, test := range []struct {
		b    Budget
		want string // children × tokens of each request; each child uses one token
		err  error
	}{
		{Budget{}, "4×64", nil},
		{Budget{PolicyTokens: 256}, "4×64", nil},
		{Budget{PolicyTokens: 255}, "4×63", nil},
		{Budget{PolicyTokens: 128}, "4×32", nil},
		{Budget{PolicyTokens: 127}, "3×42 1×64", nil},
		{Budget{PolicyTokens: 63}, "1×63 1×62 1×61 1×60", nil},
		{Budget{PolicyTokens: 4}, "1×4 1×3 1×2 1×1", nil},
		{Budget{PolicyTokens: 3}, "1×3 1×2 1×1", search.ErrSpent},
		{Budget{PolicyTokens: -1}, "", search.ErrSpent},
		{Budget{FLOPs: small.FLOPs(64 + 5 + 4*64)}, "4×64", nil}, // 64 for the template, 5 for the problem
		{Budget{FLOPs: small.FLOPs(64 + 5 + 4*40)}, "4×40", nil},
		{Budget{FLOPs: small.FLOPs(64 + 5 + 3)}, "1×3 1×2 1×1", search.ErrSpent},
		{Budget{PolicyTokens: 200, FLOPs: small.FLOPs(64 + 5 + 4*40)}, "4×40", nil},
		{Budget{PolicyTokens: 140, FLOPs: small.FLOPs(64 + 5 + 4*40)}, "4×35", nil},
	} {
		var requests []string
		m := Meter(fake{expand: func(_ context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			requests = append(requests, fmt.Sprintf("%d×%d", len(r.Ordinals), r.Sampling.MaxTokens))
			return func(yield func(policy.Child, error) bool) {
				for _, i := range r.Ordinals {
					if !yield(policy.Child{Ordinal: i, Usage: reasoning.Usage{Generated: 1, FLOPs: small.FLOPs(1)}}, nil) {
						return
					}
				}
			}
		}}, test.b, small, small)
		_, err := children(t.Context(), m, ask(4))
		if got := strings.Join(requests, " "); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%+v: got requests %q and error %v, want %q and %v", test.b, got, err, test.want, test.err)
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
		// 32 tokens each are granted to the first call, and 44 to two children of the second.
		"half comes back": {4 * 32, end{4 * time.Second, false}},
		// The children of the first call are granted one after the other.
		"nothing is left": {4 * 10, end{10 * time.Second, true}},
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
	if got := m.ledger.account; got.spent[currencyTokens] != 10 || got.reserved != (amount{}) {
		t.Errorf("got %+v, want 10 spent and none reserved", got)
	}
}
