package policyqueue

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestConformance(t *testing.T) {
	natstest.Outside(t)
	policytest.Run(t, func(t *testing.T) policy.Policy {
		q := newRig(t, natstest.Server(t), Config{})
		q.worker(t, policytest.Steps(3, time.Second), WorkerConfig{})
		return q
	}, policytest.Options{
		Queued: true,
		Bubble: true,
		Leaks: []goleak.Option{ // workers pull in goroutines, and so does the server
			goleak.IgnoreAnyFunction("github.com/ponder-mesh/ponder/services/policy/policyqueue.(*Worker).pullAll.func1"),
		},
	})
}

func TestSixteenChildrenTakeOneStepWhereSlotsAllow(t *testing.T) {
	for _, c := range []struct {
		slots int
		took  time.Duration
	}{{16, 10 * time.Second}, {8, 20 * time.Second}, {4, 40 * time.Second}} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			q.worker(t, tenSeconds(), WorkerConfig{Slots: c.slots})
			q.all(t, request("s", 16))
			q.took(t, c.took)
			q.empty(t)
		})
	}
}
