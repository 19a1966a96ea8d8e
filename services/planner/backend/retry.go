package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Backoff limits the attempts at a call. With the zero Backoff, a call of a service that
// refuses each attempt at once fails within a second.
type Backoff struct {
	// Attempts is the number of failed attempts in a row after which a call fails. A child that
	// arrives begins a new row. 0 is 4.
	Attempts int
	// First is the wait after the first failed attempt of a row. Each further failed attempt
	// doubles the wait, up to Longest. Jitter shortens a wait by up to half; an error that
	// advises a delay makes it longer. 0 is 100 ms and 10 s.
	First, Longest time.Duration

	// Waiting, if not nil, is called when Attempts attempts of a row have failed and the call
	// waits for another, with the last error. It must not block.
	Waiting func(err error)
	// Retried, if not nil, is called before each further attempt, with the error of the failed one. It must not block.
	Retried func(c Call, err error)
}

// A Call is a kind of call.
type Call int

const (
	CallExpand Call = iota + 1
	CallScore
)

// Retry returns a backend for one search that repeats calls which fail with
// reasoning.ErrUnavailable or reasoning.ErrOverloaded. It repeats an expansion for the missing
// children only. The cost of the next child, or of the final error, includes what failed
// attempts wasted; if neither follows, the request's OnWaste gets it. The cost of a score includes
// it, too.
//
// It waits at least as long as the error advises, or fails at once if that is after the
// deadline. A call with a deadline waits until then for a service that throttles it, and for a
// policy that becomes unavailable after it has generated a child of this search. Any other call
// fails after limit.Attempts: one of a policy that is unavailable from the start, or of a verifier
// that is unavailable, without which a search can go on. Behind a queue the policy is the queue,
// which itself waits for its workers' engines.
func Retry(b search.Backend, limit Backoff) search.Backend {
	limit.Attempts, limit.First = cmp.Or(limit.Attempts, 4), cmp.Or(limit.First, 100*time.Millisecond)
	limit.Longest = cmp.Or(limit.Longest, 10*time.Second)
	return &retrying{Backend: b, backoff: limit}
}

// A retrying is the Backend that Retry returns.
type retrying struct {
	search.Backend
	backoff Backoff
	served  atomic.Bool // the policy has generated a child
}

// Expand implements search.Backend.
func (b *retrying) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		arrived := map[int]bool{}
		var wasted reasoning.Cost
		for failed := 0; ; {
			var err error
			for child, e := range b.Backend.Expand(ctx, r) {
				if err = e; err != nil {
					wasted = wasted.Add(child.Cost().EndedBy(err))
					break
				}
				if !arrived[child.Ordinal] {
					arrived[child.Ordinal] = true
					failed = 0
					b.served.Store(true)
				}
				child, wasted = child.WithCost(child.Cost().Add(wasted)), reasoning.Cost{}
				if !yield(child, nil) {
					return
				}
			}
			if err == nil {
				return
			}
			failed++
			if err := b.pause(ctx, CallExpand, failed, b.served.Load(), err, r.Search, r.Node); err != nil {
				yield(policy.Child{}.WithCost(wasted), err)
				return
			}
			r.Ordinals = slices.DeleteFunc(slices.Clone(r.Ordinals), func(i int) bool { return arrived[i] })
			if len(r.Ordinals) == 0 {
				r.Wasted(wasted)
				return
			}
		}
	}
}

// Score implements search.Backend.
func (b *retrying) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	var wasted reasoning.Cost
	for failed := 1; ; failed++ {
		result, err := b.Backend.Score(ctx, r)
		if err == nil {
			return result.WithCost(result.Cost().Add(wasted)), nil
		}
		wasted = wasted.Add(result.Cost().EndedBy(err))
		if err := b.pause(ctx, CallScore, failed, false, err, r.Search, r.Node); err != nil {
			return verifier.Result{}.WithCost(wasted), err
		}
	}
}

// pause waits after a failed attempt. It returns an error if the call is not to be attempted
// again. If patient, it waits for an unavailable service as for one that throttles.
func (b *retrying) pause(
	ctx context.Context, call Call, failed int, patient bool, err error, search, node string,
) error {
	deadline, bounded := ctx.Deadline()
	patient = bounded && (patient || errors.Is(err, reasoning.ErrOverloaded))
	switch {
	case !reasoning.Transient(err):
		return err
	case failed >= b.backoff.Attempts && !patient:
		return fmt.Errorf("%d attempts failed: %w", failed, err)
	}
	// Half of the wait is jitter: a hash of the search, the node and the number of failed
	// attempts, so that requests for different nodes that fail together are repeated at
	// different times.
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q", search, node)
	jitter := float64(reasoning.Seed(h.Sum64()).Child(failed)>>11) / (1 << 53)
	longest := min(b.backoff.Longest, b.backoff.First<<min(failed-1, 20))
	wait := time.Duration(float64(longest) * (0.5 + 0.5*jitter))
	wait = max(wait, reasoning.Delay(err))
	if bounded && reasoning.Delay(err) > time.Until(deadline) {
		return fmt.Errorf("%w (another attempt after %v would miss the deadline)", err, reasoning.Delay(err))
	}
	if failed == b.backoff.Attempts && b.backoff.Waiting != nil {
		b.backoff.Waiting(err)
	}
	select {
	case <-time.After(wait):
		if b.backoff.Retried != nil {
			b.backoff.Retried(call, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w (before another attempt: %w)", err, context.Cause(ctx))
	}
}
