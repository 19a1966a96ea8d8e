package planner

import (
	"context"
	"iter"
	"sync"

	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A retryNotice publishes one notice when a worker begins a second attempt at a job, so that
// clients learn that an engine is down long before the job is given up.
type retryNotice struct {
	search.Backend
	run  *run
	once sync.Once
}

// Expand implements search.Backend.
func (n *retryNotice) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	started := r.OnStart
	r.OnStart = func(s policy.Start) {
		if s.Attempt > 1 {
			n.once.Do(func() {
				n.run.notice(NoticeRetrying, "a job of depth %d is tried again, by worker %s: an engine failed, or a worker died", r.Depth()+1, s.Worker)
			})
		}
		if started != nil {
			started(s)
		}
	}
	return n.Backend.Expand(ctx, r)
}
