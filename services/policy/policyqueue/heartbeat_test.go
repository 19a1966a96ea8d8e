package policyqueue

import (
	"context"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A ticking generates ten tokens of each unfinished child in a second, and tells each.
type ticking struct{ *policytest.Script }

func (p ticking) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		tell := r.OnProgress
		r.OnProgress = nil
		var mu sync.Mutex
		unfinished := make(map[int]int64) // tokens, by ordinal
		for _, ordinal := range r.Ordinals {
			unfinished[ordinal] = 0
		}
		generate := func() {
			mu.Lock()
			defer mu.Unlock()
			for ordinal := range unfinished {
				unfinished[ordinal]++
				tell(ordinal, reasoning.Usage{Generated: unfinished[ordinal]})
			}
		}
		ctx, stop := context.WithCancel(ctx)
		var work sync.WaitGroup
		work.Go(func() {
			time.Sleep(50 * time.Millisecond) // not in the same instants as heartbeats
			for ctx.Err() == nil {
				generate()
				sleep(ctx, 100*time.Millisecond)
			}
		})
		defer func() { stop(); work.Wait() }()
		for child, err := range p.Script.Expand(ctx, r) {
			mu.Lock()
			delete(unfinished, child.Ordinal)
			mu.Unlock()
			if !yield(child, err) {
				return
			}
		}
	}
}

// While an attempt runs, its worker tells each second what it has spent, on finished and on
// unfinished children; every later result tells it, too.
func TestWorkersTellWhatAnAttemptHasSpent(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var told []int64
		if _, err := q.nc.Subscribe(protocol.ResultSubject("s"), func(m *nats.Msg) {
			if r, err := protocol.DecodeResult(m.Data); err == nil {
				told = append(told, r.Spent.Generated)
			}
		}); err != nil {
			t.Fatal(err)
		}
		engine := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(2500+1000*ordinal) * time.Millisecond
			reply.Child.Usage.Generated = 100
		})
		q.worker(t, ticking{engine}, WorkerConfig{})
		q.mustExpand(t, request("s", 2))
		synctest.Wait()
		// The claim; heartbeats after 1 s and 2 s; the first child; a heartbeat after 3 s; the second child.
		if diff := cmp.Diff(told, []int64{0, 2 * 10, 2 * 20, 100 + 25, 100 + 30, 200}); diff != "" {
			t.Errorf("told (got before want):\n%s", diff)
		}
		q.checkEmpty(t)
	})
}
