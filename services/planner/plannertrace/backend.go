package plannertrace

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Backend returns b with every call traced below the span of its depth, and measured. It belongs
// below the memo, so that results of the memo are not measured as steps. Children that did not arrive have no duration:
// they are counted, with the reason.
//
// Once the search's span budget is spent, calls are still measured but make no more spans, here
// and in the services that they call, and the search's span counts them as elided.
func (t *Search) Backend(b search.Backend) search.Backend { return &traced{search: t, Backend: b} }

type traced struct {
	search.Backend
	search *Search
}

func (b *traced) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		c := b.search.beginExpand(ctx, r.Depth()+1, len(r.Ordinals))
		defer c.touch()
		if billed := r.OnWaste; billed != nil { // also what is billed later, and in no child, is spent
			r.OnWaste = func(cost reasoning.Cost) {
				c.in().Spend(c.measured, "policy", c.task, cost.Usage)
				billed(cost)
			}
		}
		missing, stopped := len(r.Ordinals), false
		var failure error
		for child, err := range b.Backend.Expand(c.ctx, r) {
			c.touch()
			if err != nil {
				failure = err
			} else {
				missing--
				c.in().RecordStep(c.measured, c.task, time.Since(c.start))
			}
			c.in().Spend(c.measured, "policy", c.task, child.Usage)
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
		c.in().CountChildren(c.measured, c.task, len(r.Ordinals)-missing, nil)
		if missing > 0 {
			c.in().CountChildren(c.measured, c.task, missing, failure)
		}
	}
}

// errShort is the error of a sequence that ended before all children were yielded.
var errShort = errors.New("children are missing")

func (b *traced) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	c := b.search.beginScore(ctx, reasoning.Depth(r.Node))
	defer c.touch()
	result, err := b.Backend.Score(c.ctx, r)
	c.in().Spend(c.measured, "verifier", c.task, result.Usage) // with an error: what failed attempts have cost
	return result, err
}
