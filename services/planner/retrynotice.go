package planner

import (
	"context"
	"iter"
	"sync"

	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// again tells the clients of a search, once, that a worker tries a job that an attempt
// before could not do: an engine that is down is seen long before the job is given up.
type retryNotice struct {
	search.Backend
	live *live
	told *sync.Once
}

func (w retryNotice) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	started := r.OnStart
	r.OnStart = func(s policy.Start) {
		if s.Attempt > 1 {
			w.told.Do(func() {
				w.live.notice(NoticeRetrying, "a job of depth %d is tried again, by worker %s: an engine failed, or a worker died", r.Depth()+1, s.Worker)
			})
		}
		if started != nil {
			started(s)
		}
	}
	return w.Backend.Expand(ctx, r)
}
