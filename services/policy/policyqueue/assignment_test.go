package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// checkOwners checks that a search in each partition is served by its owner among these
// workers alone.
func (q *rig) checkOwners(t *testing.T, round string, partitions int, workers ...string) {
	t.Helper()
	for p := range partitions {
		owner := ownerOf(p, partitions, workers...)
		r := request(searchOf(p, partitions, 0), 8)
		r.Problem = round
		if got := countByWorker(q.mustExpand(t, r)); got[owner] != 8 {
			t.Errorf("%s: partition %d is served by %v, want its owner %s", round, p, got, owner)
		}
	}
}

// Partitions move when a worker joins or leaves, and AnnounceTTL after one has crashed.
func TestOwnershipFollowsLiveWorkers(t *testing.T) {
	partitioned(t, 8, Config{}, func(t *testing.T, q *rig) {
		step := func() *policytest.Script { return policytest.Steps(1, time.Second) }
		start := func(name string) *testWorker {
			w := q.run(t, step(), WorkerConfig{Name: name, Slots: 32})
			time.Sleep(100 * time.Millisecond) // until its first pulls have ended
			return w
		}
		a := start("a")
		q.checkOwners(t, "one", 8, "a")
		b := start("b")
		q.checkOwners(t, "two", 8, "a", "b")
		c := start("c")
		q.checkOwners(t, "three", 8, "a", "b", "c")

		b.stop()
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		q.checkOwners(t, "b has left", 8, "a", "c")

		c.crash()
		<-c.ended
		time.Sleep(protocol.AnnounceTTL)
		synctest.Wait()
		q.checkOwners(t, "c has crashed", 8, "a")
		a.stop()
		<-a.ended
		q.checkEmpty(t)
	})
}

// While workers join, drain and crash, each child comes once, and only a crash makes engines
// generate a child twice.
func TestEachChildComesOnceWhilePartitionsMove(t *testing.T) {
	for _, crash := range []bool{false, true} {
		partitioned(t, 16, Config{MaxAttempts: 20}, func(t *testing.T, q *rig) {
			engine := script(func(ordinal int, reply *policytest.Reply) { reply.Delay = time.Duration(1+ordinal) * time.Second })
			ctx, cancel := context.WithCancel(t.Context())
			var workers sync.WaitGroup
			workers.Go(func() {
				chance := rand.New(rand.NewPCG(1, 2))
				running := []*testWorker{q.run(t, engine, WorkerConfig{Name: "0", Slots: 24})}
				for i := 1; ctx.Err() == nil; i++ {
					sleep(ctx, 1700*time.Millisecond)
					running = append(running, q.run(t, engine, WorkerConfig{Name: fmt.Sprint(i), Slots: 24}))
					if len(running) > 3 {
						if crash && chance.IntN(3) == 0 {
							running[0].crash()
						} else {
							running[0].stop()
						}
						running = running[1:]
					}
				}
				for _, w := range running {
					w.stop()
				}
			})
			var searches sync.WaitGroup
			for i := range 12 {
				searches.Go(func() {
					for depth := range 4 {
						r := request(fmt.Sprint("s", i), 3+i)
						r.Problem = fmt.Sprint(depth)
						q.mustExpand(t, r)
					}
				})
			}
			searches.Wait()
			cancel()
			workers.Wait()
			time.Sleep(time.Minute) // until all workers have drained
			requested := make(map[string]int)
			again := 0
			for _, c := range engine.Calls() {
				for _, ordinal := range c.Request.Ordinals {
					key := fmt.Sprint(c.Request.Search, c.Request.Problem, ordinal)
					if requested[key]++; requested[key] > 1 {
						again++
					}
				}
			}
			if want := 4 * (12*3 + 66); len(requested) != want {
				t.Errorf("crash %v: %d children were requested of engines, want %d", crash, len(requested), want)
			}
			if crash != (again > 0) {
				t.Errorf("crash %v: %d children were requested again, want some only with crashes", crash, again)
			}
			if !crash {
				q.checkEmpty(t)
			}
		})
	}
}

// A worker whose engine is not ready owns no partition while another worker is ready.
func TestUnreadyWorkerOwnsNothing(t *testing.T) {
	partitioned(t, 4, Config{}, func(t *testing.T, q *rig) {
		var mu sync.Mutex
		var unready error
		set := func(err error) {
			mu.Lock()
			unready = err
			mu.Unlock()
			time.Sleep(protocol.AnnounceEvery + 100*time.Millisecond)
		}
		ready := func(context.Context) error { mu.Lock(); defer mu.Unlock(); return unready }
		q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: "a", Slots: 32})
		q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: "b", Slots: 32, Ready: ready})
		set(nil)
		q.checkOwners(t, "both are ready", 4, "a", "b")
		set(errors.New("loading"))
		q.checkOwners(t, "b is not ready", 4, "a")
		set(nil)
		q.checkOwners(t, "both are ready again", 4, "a", "b")
	})
}
