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

// checkOwners checks that each partition's searches are done by its owner among these
// workers, and that no other works on them.
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

// Partitions move as soon as a worker comes or leaves, and AnnounceTTL after one has
// crashed.
func TestOwnershipFollowsLivingWorkers(t *testing.T) {
	partitioned(t, 8, Config{}, func(t *testing.T, q *rig) {
		step := func() *policytest.Script { return policytest.Steps(1, time.Second) }
		start := func(name string) *testWorker {
			w := q.run(t, step(), WorkerConfig{Name: name, Slots: 32})
			time.Sleep(100 * time.Millisecond) // its first pulls are over
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
		q.checkOwners(t, "one has left", 8, "a", "c")

		c.crash()
		<-c.ended
		time.Sleep(protocol.AnnounceTTL)
		synctest.Wait()
		q.checkOwners(t, "one has crashed", 8, "a")
		a.stop()
		<-a.ended
		q.checkEmpty(t)
	})
}

// While workers come, drain and crash, each child comes once, and only a crash makes an
// engine begin a child twice.
func TestMovingOwnershipLosesAndDoublesNothing(t *testing.T) {
	for _, crash := range []bool{false, true} {
		partitioned(t, 16, Config{MaxDeliver: 20}, func(t *testing.T, q *rig) {
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
			time.Sleep(time.Minute) // until all have drained
			asked := make(map[string]int)
			doubled := 0
			for _, c := range engine.Calls() {
				for _, ordinal := range c.Request.Ordinals {
					key := fmt.Sprint(c.Request.Search, c.Request.Problem, ordinal)
					if asked[key]++; asked[key] > 1 {
						doubled++
					}
				}
			}
			if len(asked) != 4*(12*3+66) {
				t.Errorf("crash %v: engines were asked for %d children, want %d", crash, len(asked), 4*(12*3+66))
			}
			if crash != (doubled > 0) {
				t.Errorf("crash %v: %d children were begun again", crash, doubled)
			}
			if !crash {
				q.checkEmpty(t)
			}
		})
	}
}

// A worker whose engine is not ready owns nothing while another is, and still does what
// no other has slots for.
func TestWorkerThatIsNotReadyOwnsNothing(t *testing.T) {
	partitioned(t, 4, Config{}, func(t *testing.T, q *rig) {
		var mu sync.Mutex
		var sick error
		set := func(err error) {
			mu.Lock()
			sick = err
			mu.Unlock()
			time.Sleep(protocol.AnnounceEvery + 100*time.Millisecond)
		}
		ready := func(context.Context) error { mu.Lock(); defer mu.Unlock(); return sick }
		q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: "a", Slots: 32})
		q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: "b", Slots: 32, Ready: ready})
		set(nil)
		q.checkOwners(t, "both", 4, "a", "b")
		set(errors.New("loading"))
		q.checkOwners(t, "one", 4, "a")
		set(nil)
		q.checkOwners(t, "both again", 4, "a", "b")
	})
}
