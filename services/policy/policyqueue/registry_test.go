package policyqueue

import (
	"errors"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A failure of a job that arrives after all its children does not end Expand, which waits for
// another job.
func TestFailureOfACompleteJobIsIgnored(t *testing.T) {
	failure := func(e protocol.Event) func(*testing.T, *rig, *job) {
		return func(t *testing.T, q *rig, j *job) {
			result := protocol.Result{Job: j.name, Epoch: j.epoch, Start: policy.Start{Worker: "late", Attempt: 1}, Event: e}
			body, err := result.Encode()
			if err == nil {
				_, err = q.nc.Request(protocol.ResultSubject("s"), body, natsTimeout)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	for name, fail := range map[string]func(*testing.T, *rig, *job){
		"max deliveries":  func(_ *testing.T, q *rig, j *job) { q.jobs.failUndeliverable(j.sequence, q.cfg.MaxAttempts) },
		"failure":         failure(protocol.Failure{Err: errors.New("out of memory")}),
		"malformed child": failure(protocol.Child{}),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				q.worker(t, script(func(ordinal int, reply *policytest.Reply) {
					if ordinal < 8 {
						reply.Delay = time.Second
					}
				}), WorkerConfig{})
				time.AfterFunc(2*time.Second, func() {
					for _, j := range q.jobs.allStored() {
						if j.sequence == 1 {
							fail(t, q, j)
						}
					}
				})
				q.mustExpand(t, request("s", 16))
				q.checkElapsed(t, 10*time.Second)
				q.checkEmpty(t)
			})
		})
	}
}
