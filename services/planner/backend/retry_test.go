package backend

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
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
		reasoning.ErrInvalid, policy.ErrModel, verifier.ErrBadScores, search.ErrSpent, context.Canceled, context.DeadlineExceeded,
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
