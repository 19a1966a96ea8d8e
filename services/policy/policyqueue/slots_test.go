package policyqueue

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// counting is a policy that counts the sequences that it generates concurrently.
type counting struct {
	policy.Policy

	mu        sync.Mutex
	now, most int
}

func (c *counting) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.most = max(c.most, c.now)
}

func (c *counting) sequences() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *counting) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		left := len(r.Ordinals)
		c.add(left)
		defer func() { c.add(-left) }()
		for child, err := range c.Policy.Expand(ctx, r) {
			if err == nil {
				left--
				c.add(-1)
			}
			if !yield(child, err) {
				return
			}
		}
	}
}

// The pulls that wait, as the server counts them, and the running sequences together never
// need more slots than there are.
func TestPullsNeverExceedSlots(t *testing.T) {
	for _, partitions := range []int{1, 3, 8} {
		partitioned(t, partitions, Config{}, func(t *testing.T, q *rig) {
			const slots = 20
			engine := &counting{Policy: script(func(ordinal int, reply *policytest.Reply) {
				reply.Delay = time.Duration(1+ordinal%5) * time.Second
			})}
			w := q.worker(t, engine, WorkerConfig{Slots: slots})
			var all sync.WaitGroup
			for i := range 40 {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 300 * time.Millisecond)
					q.mustExpand(t, request(fmt.Sprint("search", i), 1+i%11))
				})
			}
			done := make(chan struct{})
			go func() { all.Wait(); close(done) }()
			for running := true; running; {
				time.Sleep(130 * time.Millisecond)
				synctest.Wait()
				load, err := q.monitor.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := load.Waiting*w.puller.pullSlots() + engine.sequences(); got > slots {
					t.Fatalf("%d pulls wait and %d sequences run, want at most %d slots", load.Waiting, engine.sequences(), slots)
				}
				select {
				case <-done:
					running = false
				default:
				}
			}
			if engine.most > slots || engine.most < slots-8 {
				t.Errorf("at most %d sequences ran concurrently, want %d to %d", engine.most, slots-8, slots)
			}
			q.checkEmpty(t)
		})
	}
}

func TestRoundsAreAsManyAsSlotsRequire(t *testing.T) {
	for _, c := range []struct {
		slots int
		took  time.Duration
	}{{16, 10 * time.Second}, {8, 20 * time.Second}, {4, 40 * time.Second}} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			q.worker(t, tenSeconds(), WorkerConfig{Slots: c.slots})
			q.mustExpand(t, request("s", 16))
			q.checkElapsed(t, c.took)
			q.checkEmpty(t)
		})
	}
}
