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
		q := newRig(t, natstest.Server(t), 1, Config{})
		q.worker(t, policytest.Steps(3, time.Second), WorkerConfig{})
		return q
	}, policytest.Options{
		Queued: true,
		Bubble: true,
		Leaks: []goleak.Option{ // pulls that wait
			goleak.IgnoreAnyFunction("github.com/ponder-mesh/ponder/services/policy/policyqueue.(*puller).pullAll.func1"),
		},
	})
}
