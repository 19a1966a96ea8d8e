package policyqueue

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
)

func TestJobsWaitForTheFirstWorker(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		done := make(chan struct{})
		var children map[int]policy.Child
		go func() { children = q.mustExpand(t, request("s", 12)); close(done) }()
		synctest.Wait()
		load := func(want Load) {
			t.Helper()
			got, err := q.monitor.Load(t.Context())
			if err != nil || got != want {
				t.Errorf("load is %+v and error %v, want %+v", got, err, want)
			}
		}
		load(Load{Queued: 2})
		time.Sleep(time.Minute)
		q.worker(t, tenSeconds(), WorkerConfig{Slots: 24})
		load(Load{Running: 2, Waiting: 1})
		<-done
		q.checkElapsed(t, time.Minute+10*time.Second)
		if got := children[0].QueueWait; got != time.Minute {
			t.Errorf("waited %v, want 1m", got)
		}
		synctest.Wait()
		load(Load{Waiting: 3})
	})
}
