package backend

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A call of a service that is down fails with reasoning.ErrUnavailable within a second.
func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		down := fake{
			expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
				return func(yield func(policy.Child, error) bool) {
					tries++
					yield(policy.Child{}, fmt.Errorf("dial: %w", reasoning.ErrUnavailable))
				}
			},
			score: func(context.Context, verifier.Request) (verifier.Result, error) {
				tries++
				return verifier.Result{}, reasoning.ErrOverloaded
			},
		}
		w := Retry(down, Backoff{})
		var waits []time.Duration
		for i, call := range []func() error{
			func() error { _, err := children(t.Context(), w, ask(2)); return err },
			func() error { _, err := children(t.Context(), w, ask(2)); return err },
			func() error {
				_, err := w.Score(t.Context(), verifier.Request{Search: "s", Node: "0"})
				return err
			},
		} {
			tries = 0
			start := time.Now()
			err := call()
			waits = append(waits, time.Since(start))
			if !errors.Is(err, reasoning.ErrUnavailable) && !errors.Is(err, reasoning.ErrOverloaded) {
				t.Errorf("call %d: got error %v, want the service's", i, err)
			}
			if tries != 4 {
				t.Errorf("call %d: got %d attempts, want 4", i, tries)
			}
			if got := waits[i]; got < 350*time.Millisecond || got > 700*time.Millisecond {
				t.Errorf("call %d: waited %v in all, want half to all of 100+200+400 ms", i, got)
			}
		}
		if waits[0] != waits[1] {
			t.Errorf("the same request waited %v and then %v, want the same", waits[0], waits[1])
		}
		if waits[0] == waits[2] {
			t.Errorf("two requests that failed together both waited %v, want jitter", waits[0])
		}
	})
}

func TestRetryOnlyTransient(t *testing.T) {
	for _, final := range []error{
		reasoning.ErrInvalid, policy.ErrModel, verifier.ErrBadScores, search.ErrSpent,
		context.Canceled, context.DeadlineExceeded,
		fmt.Errorf("%w: last: %w", policy.ErrPoison, reasoning.ErrUnavailable), errors.New("engine broke"),
	} {
		tries := 0
		w := Retry(fake{
			expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
				return func(yield func(policy.Child, error) bool) { tries++; yield(policy.Child{}, final) }
			},
			score: func(context.Context, verifier.Request) (verifier.Result, error) {
				tries++
				return verifier.Result{}, final
			},
		}, Backoff{})
		if _, err := children(t.Context(), w, ask(1)); err != final {
			t.Errorf("Expand: got error %v, want %v as it is", err, final)
		}
		if _, err := w.Score(t.Context(), verifier.Request{}); err != final {
			t.Errorf("Score: got error %v, want %v as it is", err, final)
		}
		if tries != 2 {
			t.Errorf("%v: got %d attempts, want one a call", final, tries)
		}
	}
}

// Over a connection that breaks after every second child, the missing children are requested
// again; attempts that yield a child do not count as failed.
func TestRetryRequestsTheMissingChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, nil)
		var requested [][]int
		breaking := fake{expand: func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			requested = append(requested, r.Ordinals)
			return func(yield func(policy.Child, error) bool) {
				n := 0
				for c, err := range lock.Expand(ctx, r) {
					if n++; n == 3 {
						yield(policy.Child{}, reasoning.ErrUnavailable)
						return
					}
					if !yield(c, err) {
						return
					}
				}
			}
		}}
		got, err := children(t.Context(), Retry(breaking, Backoff{}), ask(9))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ordinals(got), ask(9).Ordinals); diff != "" {
			t.Errorf("children (-got +want):\n%s", diff)
		}
		var want [][]int
		for i := 0; i < 9; i += 2 {
			want = append(want, ask(9).Ordinals[i:])
		}
		if diff := cmp.Diff(requested, want); diff != "" {
			t.Errorf("requested (-got +want):\n%s", diff)
		}
	})
}

// A service that throttles is waited for until the deadline, at least as long as it asks for;
// without a deadline, or where the delay exceeds it, the call fails. The controls are services
// that are away.
func TestRetryWaitsForAThrottlingService(t *testing.T) {
	for _, test := range []struct {
		name      string
		err       error
		deadline  time.Duration // 0: none
		failures  int           // before a success
		succeeds  bool
		at, until time.Duration // when the call ends
	}{
		{"throttled", reasoning.ErrOverloaded, 10 * time.Minute, 12, true, 30 * time.Second, 90 * time.Second},
		{"throttled, with a delay", reasoning.WithDelay(reasoning.ErrOverloaded, 30*time.Second), 10 * time.Minute, 5, true,
			150 * time.Second, 150 * time.Second},
		{"throttled for ever", reasoning.ErrOverloaded, time.Minute, 1000, false, time.Minute, time.Minute},
		{"delay beyond the deadline", reasoning.WithDelay(reasoning.ErrOverloaded, time.Hour), time.Minute, 1000, false, 0, 0},
		{"no deadline", reasoning.ErrOverloaded, 0, 12, false, 350 * time.Millisecond, 700 * time.Millisecond},
		{"away", reasoning.ErrUnavailable, 10 * time.Minute, 12, false, 350 * time.Millisecond, 700 * time.Millisecond},
	} {
		for _, method := range []string{"expand", "score"} {
			synctest.Test(t, func(t *testing.T) {
				ctx, failures, noticed := t.Context(), test.failures, 0
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				fail := func() error {
					if failures == 0 {
						return nil
					}
					failures--
					return fmt.Errorf("POST x: %w", test.err)
				}
				w := Retry(fake{
					expand: func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
						return func(yield func(policy.Child, error) bool) {
							if err := fail(); err != nil {
								yield(policy.Child{}, err)
								return
							}
							searchtest.NewLock(0.5, nil).Expand(ctx, r)(yield)
						}
					},
					score: func(context.Context, verifier.Request) (verifier.Result, error) { return verifier.Result{}, fail() },
				}, Backoff{Waiting: func(err error) {
					if noticed++; !errors.Is(err, test.err) {
						t.Errorf("waits for %v, want %v", err, test.err)
					}
				}})
				start := time.Now()
				var err error
				if method == "expand" {
					_, err = children(ctx, w, ask(2))
				} else {
					_, err = w.Score(ctx, verifier.Request{Search: "s", Node: "0"})
				}
				took := time.Since(start)
				if (err == nil) != test.succeeds || took < test.at || took > test.until {
					t.Errorf("%s, %s: got %v after %v, want one from %v to %v", method, test.name, err, took, test.at, test.until)
				}
				if want := took > time.Second; (noticed == 1) != want || noticed > 1 {
					t.Errorf("%s, %s: %d notices, want one: %v", method, test.name, noticed, want)
				}
			})
		}
	}
}

// A policy that goes away in the middle of a search is waited for until the deadline, and its
// children are those of a policy that stayed; one that never was there is not (the first call
// of TestRetryGivesUp, and the control here).
func TestRetryWaitsForAPolicyThatServedTheSearch(t *testing.T) {
	for _, served := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			var down atomic.Bool
			lock := searchtest.NewLock(0.5, nil)
			w := Retry(fake{expand: func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
				if !down.Load() {
					return lock.Expand(ctx, r)
				}
				return func(yield func(policy.Child, error) bool) { yield(policy.Child{}, reasoning.ErrUnavailable) }
			}}, Backoff{})
			if served {
				if _, err := children(ctx, w, ask(1)); err != nil {
					t.Fatal(err)
				}
			}
			down.Store(true)
			time.AfterFunc(2*time.Minute, func() { down.Store(false) })
			start := time.Now()
			got, err := children(ctx, w, ask(3))
			if took := time.Since(start); served != (err == nil) || served != (took >= 2*time.Minute) || served != (len(got) == 3) {
				t.Errorf("served before: %v: got %d children and %v after %v", served, len(got), err, took)
			}
		})
	}
}

// What failed attempts wasted is on the bill, whether the call succeeds in the end or not.
func TestRetryBillsFailedAttempts(t *testing.T) {
	for _, failures := range []int{0, 3, 4} {
		synctest.Test(t, func(t *testing.T) {
			left := failures
			w := Retry(fake{expand: func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
				if left == 0 {
					return searchtest.NewLock(0.5, nil).Expand(ctx, r)
				}
				left--
				return func(yield func(policy.Child, error) bool) {
					yield(policy.Child{Usage: reasoning.Usage{Generated: 7, Prompt: 2}}, reasoning.ErrUnavailable)
				}
			}}, Backoff{})
			var sum reasoning.Usage
			var waste reasoning.Waste
			var inSteps int64
			for c := range w.Expand(t.Context(), ask(2)) {
				sum, inSteps, waste = sum.Add(c.Usage), inSteps+tokens(c.Steps), waste.Add(c.Waste)
			}
			if n := int64(failures); waste != (reasoning.Waste{Failed: reasoning.Usage{Generated: 7 * n, Prompt: 2 * n}}) {
				t.Errorf("%d failures: waste %+v, want it all failed", failures, waste)
			}
			if wasted := sum.Generated - inSteps; wasted != int64(7*failures) || (inSteps > 0) != (failures < 4) {
				t.Errorf("%d failures: billed %d tokens, %d of them in steps", failures, sum.Generated, inSteps)
			}
		})
	}
}

func TestRetryStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		down := fake{score: func(context.Context, verifier.Request) (verifier.Result, error) {
			return verifier.Result{}, reasoning.ErrUnavailable
		}}
		_, err := Retry(down, Backoff{}).Score(ctx, verifier.Request{})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("got error %v, want the deadline and what it waited for", err)
		}
		if got := time.Since(start); got != 10*time.Millisecond {
			t.Errorf("took %v, want 10ms", got)
		}
	})
}

// After the caller stops the iteration there is no further attempt.
func TestRetryStopsWithItsCaller(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	for range Retry(lock, Backoff{}).Expand(t.Context(), ask(4)) {
		break
	}
	if got := len(lock.Calls()); got != 1 || !slices.Equal(lock.Calls()[0].Request.Ordinals, []int{0, 1, 2, 3}) {
		t.Errorf("got %d calls, want one for all four children", got)
	}
}
