package planner

import (
	"context"
	"iter"
	"sync"

	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A retryNotice is a Backend that publishes one notice when a worker first repeats a job, and one when a job first
// waits for an engine.
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
				n.run.notice(NoticeRetrying, "worker %[2]s repeats a job of depth %[1]d: an engine or a worker failed", r.Depth()+1, s.Worker)
			})
		}
		if started != nil {
			started(s)
		}
	}
	r.OnWait = n.run.noticeWaiting
	return func(yield func(policy.Child, error) bool) {
		for child, err := range n.Backend.Expand(ctx, r) {
			if err == nil {
				n.run.waitsFor.Store(nil)
			}
			if !yield(child, err) {
				return
			}
		}
	}
}
