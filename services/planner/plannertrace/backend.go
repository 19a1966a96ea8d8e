package plannertrace

import (
	"context"
	"errors"
	"iter"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Backend returns b with every call traced below the span of its depth, and measured. It belongs
// below the memo, so that results of the memo are not measured as steps.
//
// Once the search's span budget is spent, calls are still measured but make no more spans, here
// and in the services that they call, and the search's span counts them as elided.
func (t *Search) Backend(b search.Backend) search.Backend { return &backend{search: t, Backend: b} }

type backend struct {
	search.Backend
	search *Search
}

func (b *backend) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		c := b.search.begin(ctx, r.Depth()+1, len(r.Ordinals))
		defer c.touch()
		attempt, missing, stopped := 0, len(r.Ordinals), false
		var failure error
		for child, err := range b.Backend.Expand(c.ctx, r) {
			c.touch()
			if err != nil {
				failure = err
			} else {
				missing--
				c.step(nil)
				if child.Attempt > attempt { // once per attempt: the children of one job wait together
					attempt = child.Attempt
					c.in().QueueWait.Record(c.measured, child.QueueWait, c.labels()...)
				}
			}
			c.in().Spend(c.measured, "policy", child.Usage)
			if stopped = !yield(child, err); stopped {
				break
			}
		}
		switch {
		case failure != nil:
		case stopped:
			failure = context.Canceled
		default:
			failure = errShort
		}
		for range max(missing, 0) {
			c.step(failure)
		}
	}
}

// errShort is the error of a sequence that ended before all children were yielded.
var errShort = errors.New("children are missing")

func (b *backend) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	c := b.search.begin(ctx, reasoning.Depth(r.Node), 0)
	defer c.touch()
	result, err := b.Backend.Score(c.ctx, r)
	if err == nil {
		c.in().Spend(c.measured, "verifier", result.Usage)
	}
	return result, err
}
