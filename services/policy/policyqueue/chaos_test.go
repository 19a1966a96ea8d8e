package policyqueue

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A doomed policy crashes its worker at the moments that its chance says: before or
// between its children, or after the last was taken and before that is acknowledged.
type doomed struct {
	policy.Policy
	chance func() float64
	crash  func()
}

func (d *doomed) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for child, err := range d.Policy.Expand(ctx, r) {
			if d.chance() < 0.05 {
				d.crash()
			}
			if !yield(child, err) {
				return
			}
		}
		time.Sleep(time.Millisecond) // until it is taken
		if d.chance() < 0.2 {
			d.crash()
		}
	}
}

// Workers crash all the time; still each child has one effect, and nothing is left.
func TestChaos(t *testing.T) {
	crashes := 0
	for seed := range uint64(4) {
		bubble(t, Config{Partitions: 3, MaxDeliver: 20}, func(t *testing.T, q *rig) {
			var mu sync.Mutex
			rng := rand.New(rand.NewPCG(seed, 0))
			chance := func() float64 { mu.Lock(); defer mu.Unlock(); return rng.Float64() }
			ctx, cancel := context.WithCancel(t.Context())
			var shifts sync.WaitGroup
			for i := range 3 {
				shifts.Go(func() {
					for n := 0; ctx.Err() == nil; n++ { // each is replaced when it crashes
						crashed := make(chan struct{})
						engine := &doomed{Policy: tenSeconds(), chance: chance}
						var once sync.Once
						var w *testWorker
						running := make(chan struct{})
						engine.crash = func() {
							once.Do(func() {
								mu.Lock()
								crashes++
								mu.Unlock()
								<-running
								w.crash()
								close(crashed)
							})
						}
						w = q.run(t, engine, WorkerConfig{Name: fmt.Sprint(i, n), Index: i, Of: 3})
						close(running)
						select {
						case <-crashed:
						case <-ctx.Done():
						}
						w.stop()
						<-w.ended
					}
				})
			}
			var searches sync.WaitGroup
			for i := range 5 {
				searches.Go(func() {
					for depth := range 3 {
						r := request(fmt.Sprint("s", i), 5+i*3)
						r.Seed += 1
						r.Problem = fmt.Sprint(depth)
						q.all(t, r)
					}
				})
			}
			searches.Wait()
			cancel()
			shifts.Wait()
			// What was done, but not acknowledged by who crashed, is cleared up by the next who comes.
			q.worker(t, tenSeconds(), WorkerConfig{})
			// An attempt at a job without an owner waits for AckWait and then for the worker's next look around.
			time.Sleep(time.Duration(q.cfg.MaxDeliver+1) * (2*q.cfg.AckWait + patience))
			q.empty(t)
		})
	}
	if crashes < 20 {
		t.Errorf("%d crashes, too few to show anything", crashes)
	}
}
