package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Backoff limits the attempts at a call. With the zero Backoff, a call of a service that
// is down fails after four attempts and less than a second.
type Backoff struct {
	Attempts int           // most failed attempts in a row; 0 means 4
	First    time.Duration // wait after the first failed attempt; doubles after each other; 0 means 100 ms
}

// Retry returns a backend that repeats calls that fail with reasoning.ErrUnavailable or
// reasoning.ErrOverloaded. It repeats an expansion for the missing children only.
func Retry(b search.Backend, limit Backoff) search.Backend {
	return retrying{b, Backoff{cmp.Or(limit.Attempts, 4), cmp.Or(limit.First, 100*time.Millisecond)}}
}

// A retrying is the Backend that Retry returns.
type retrying struct {
	search.Backend
	backoff Backoff
}

// Expand implements search.Backend.
func (b retrying) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		arrived := map[int]bool{}
		var wasted reasoning.Usage
		for failed := 0; ; {
			var err error
			for child, e := range b.Backend.Expand(ctx, r) {
				if err = e; err != nil {
					wasted = wasted.Add(child.Usage)
					break
				}
				if !arrived[child.Ordinal] {
					arrived[child.Ordinal] = true
					failed = 0
				}
				if !yield(child, nil) {
					return
				}
			}
			if err == nil {
				return
			}
			failed++
			if err := b.pause(ctx, failed, err, r.Search, r.Node); err != nil {
				yield(policy.Child{Usage: wasted}, err)
				return
			}
			r.Ordinals = slices.DeleteFunc(slices.Clone(r.Ordinals), func(i int) bool { return arrived[i] })
			if len(r.Ordinals) == 0 {
				return
			}
		}
	}
}

// Score implements search.Backend.
func (b retrying) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	for failed := 1; ; failed++ {
		result, err := b.Backend.Score(ctx, r)
		if err == nil {
			return result, nil
		}
		if err := b.pause(ctx, failed, err, r.Search, r.Node); err != nil {
			return verifier.Result{}, err
		}
	}
}

// pause waits after a failed attempt. It returns an error if the call is not to be repeated.
func (b retrying) pause(ctx context.Context, failed int, err error, search, node string) error {
	switch {
	case !transient(err):
		return err
	case failed >= b.backoff.Attempts:
		return fmt.Errorf("%d attempts failed: %w", failed, err)
	}
	// Half of the wait is jitter: a hash of the request, which is the same in every run and
	// differs between requests that fail together.
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q", search, node)
	jitter := float64(reasoning.Seed(h.Sum64()).Child(failed)>>11) / (1 << 53)
	wait := float64(b.backoff.First<<(failed-1)) * (0.5 + 0.5*jitter)
	select {
	case <-time.After(time.Duration(wait)):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w (before another attempt: %w)", err, context.Cause(ctx))
	}
}

// transient reports whether another attempt may succeed. It is false for a job that the queue
// has given up, even if each of its attempts failed for a transient reason.
func transient(err error) bool {
	return !errors.Is(err, policy.ErrPoison) &&
		(errors.Is(err, reasoning.ErrUnavailable) || errors.Is(err, reasoning.ErrOverloaded))
}
