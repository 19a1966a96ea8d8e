package search

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// endsAtSeven ends solutions early, at the first 7.
type endsAtSeven struct{ *searchtest.Lock }

func (e endsAtSeven) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for c, err := range e.Lock.Expand(ctx, r) {
			if i := slices.IndexFunc(c.Steps, func(s reasoning.Step) bool { return s.Text == "7\n" }); i >= 0 {
				c.Steps, c.Finish = c.Steps[:i+1], reasoning.FinishEnd
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// endsFirstSteps ends all but the first few children of the root with their first step.
type endsFirstSteps struct {
	*searchtest.Lock
	few int
}

func (e endsFirstSteps) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for c, err := range e.Lock.Expand(ctx, r) {
			if r.Node == "" && c.Ordinal >= e.few {
				c.Finish = reasoning.FinishEnd
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// withExpand implements Expand by a function.
type withExpand struct {
	Backend
	expand func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
}

func (b withExpand) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return b.expand(ctx, r)
}

// failWith yields no child and an error.
func failWith(err error) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) { yield(policy.Child{}, err) }
}

// failingAfter returns a lock whose policy yields the first few children, then the extra ones,
// and then err, if it is not nil.
func failingAfter(few int, err error, extra ...policy.Child) Backend {
	lock := searchtest.NewLock(0.5, nil)
	return withExpand{lock, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
		return func(yield func(policy.Child, error) bool) {
			r.Ordinals = r.Ordinals[:few]
			if few > 0 {
				for c, err := range lock.Expand(ctx, r) {
					if !yield(c, err) {
						return
					}
				}
			}
			for _, c := range extra {
				if !yield(c, nil) {
					return
				}
			}
			if err != nil {
				yield(policy.Child{}, err)
			}
		}
	}}
}

// badScores returns the same scores for every path.
type badScores struct {
	Backend
	scores []float64
}

func (b badScores) Score(context.Context, verifier.Request) (verifier.Result, error) {
	return verifier.Result{Scores: b.scores}, nil
}

// A spending backend allows some calls; then its budget is spent.
type spending struct {
	Backend
	calls atomic.Int64 // remaining
}

func (b *spending) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	if b.calls.Add(-1) < 0 {
		return failWith(fmt.Errorf("%w: calls", ErrSpent))
	}
	return b.Backend.Expand(ctx, r)
}

func (b *spending) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if b.calls.Add(-1) < 0 {
		return verifier.Result{}, fmt.Errorf("%w: calls", ErrSpent)
	}
	return b.Backend.Score(ctx, r)
}
