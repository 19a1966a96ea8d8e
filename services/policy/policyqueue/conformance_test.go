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
		script := policytest.Steps(3, time.Second)
		script.Can = policytest.Able
		q.worker(t, script, WorkerConfig{})
		p := q.roster(t).Describe(q)
		if m, err := p.Model(t.Context()); err != nil || m.Capabilities != policytest.Able {
			t.Errorf("got %+v and error %v, want the capabilities that the worker announces", m, err)
		}
		return p
	}, policytest.Options{
		Queued: true,
		Bubble: true,
		Leaks: []goleak.Option{ // pulls that wait
			goleak.IgnoreAnyFunction("github.com/ponder-mesh/ponder/services/policy/policyqueue.(*puller).pullAll.func1"),
		},
	})
}
