package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A crashingPolicy crashes its worker at random: before a child, or after the client has
// taken the last child and before the worker acknowledges the job.
type crashingPolicy struct {
	policy.Policy
	chance func() float64
	crash  func()
}

func (p *crashingPolicy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for child, err := range p.Policy.Expand(ctx, r) {
			if p.chance() < 0.05 {
				p.crash()
			}
			if !yield(child, err) {
				return
			}
		}
		time.Sleep(time.Millisecond) // until the client has taken the child
		if p.chance() < 0.2 {
			p.crash()
		}
	}
}

// While workers crash, each child comes once, and no job is left afterwards.
func TestEachChildComesOnceWhileWorkersCrash(t *testing.T) {
	crashes := 0
	for seed := range uint64(4) {
		partitioned(t, 3, Config{MaxAttempts: 20}, func(t *testing.T, q *rig) {
			var mu sync.Mutex
			rng := rand.New(rand.NewPCG(seed, 0))
			chance := func() float64 { mu.Lock(); defer mu.Unlock(); return rng.Float64() }
			ctx, cancel := context.WithCancel(t.Context())
			var workers sync.WaitGroup
			for i := range 3 {
				workers.Go(func() {
					for n := 0; ctx.Err() == nil; n++ { // each worker that crashes is replaced
						crashed := make(chan struct{})
						engine := &crashingPolicy{Policy: tenSeconds(), chance: chance}
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
						w = q.run(t, engine, WorkerConfig{Name: fmt.Sprint(i, n)})
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
						q.mustExpand(t, r)
					}
				})
			}
			searches.Wait()
			cancel()
			workers.Wait()
			// The next worker acknowledges jobs that were complete when their worker crashed.
			q.worker(t, tenSeconds(), WorkerConfig{})
			// A job without a client waits for AckWait and then for the worker's next poll.
			time.Sleep(time.Duration(q.cfg.MaxAttempts+1) * (2*q.cfg.AckWait + natsTimeout))
			q.checkEmpty(t)
		})
	}
	if crashes < 20 {
		t.Errorf("%d crashes, want at least 20", crashes)
	}
}

func TestJobOfCrashedWorkerGoesToAnother(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var first *testWorker
		crashing := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Second
			if ordinal >= 4 {
				reply.Delay, reply.Do = 5*time.Second, func() { first.crash() }
			}
		})
		first = q.worker(t, crashing, WorkerConfig{Name: "first"})
		var started []string
		r := request("s", 8)
		r.OnStart = func(s policy.Start) { started = append(started, fmt.Sprint(s.Worker, s.Attempt)) }
		second := tenSeconds()
		synctest.Wait()
		var children map[int]policy.Child
		done := make(chan struct{})
		go func() { children = q.mustExpand(t, r); close(done) }()
		time.Sleep(2 * time.Second)
		q.worker(t, second, WorkerConfig{Name: "second"})
		<-done

		// The last heartbeat came after AckWait/3, then AckWait passes, and the second takes ten seconds.
		q.checkElapsed(t, q.cfg.AckWait/3+q.cfg.AckWait+10*time.Second)
		if diff := cmp.Diff(describeCalls(second), []string{"[4 5 6 7] yielded [4 5 6 7]"}); diff != "" {
			t.Errorf("second's calls (got before want):\n%s", diff)
		}
		if diff := cmp.Diff(started, []string{"first1", "second2"}); diff != "" {
			t.Errorf("starts (got before want):\n%s", diff)
		}
		if a, b := children[3], children[4]; a.Worker != "first" || a.Attempt != 1 || b.Worker != "second" || b.Attempt != 2 {
			t.Errorf("children 3 and 4 are from %+v and %+v, want first's attempt 1 and second's attempt 2", a.Start, b.Start)
		}
		q.checkEmpty(t)
	})
}

func TestHeartbeatsPreventRedelivery(t *testing.T) {
	for _, c := range []struct {
		heartbeats bool
		calls      int
	}{{true, 1}, {false, 4}} { // without them, attempts begin after 0, 10, 20 and 30 s
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			slow := script(func(_ int, reply *policytest.Reply) { reply.Delay = 3*q.cfg.AckWait + time.Second })
			var opts []nats.Option
			if !c.heartbeats {
				opts = append(opts, q.withoutHeartbeats())
			}
			q.worker(t, slow, WorkerConfig{}, opts...)
			q.mustExpand(t, request("s", 2))
			q.checkElapsed(t, 3*q.cfg.AckWait+time.Second)
			if got := len(slow.Calls()); got != c.calls {
				t.Errorf("heartbeats %v: %d calls of the policy, want %d", c.heartbeats, got, c.calls)
			}
			q.checkEmpty(t)
		})
	}
}

// A child that two attempts send is yielded once. As a negative control, an observer of the
// search's subject receives it twice.
func TestDuplicateChildrenAreDropped(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var sent []int
		observer, err := q.nc.Subscribe(protocol.ResultSubject("s"), func(m *nats.Msg) {
			result, err := protocol.DecodeResult(m.Data)
			if child, ok := result.Event.(protocol.Child); ok && err == nil {
				sent = append(sent, child.Ordinal)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		// Without heartbeats a second attempt begins after 10 s: its child 0 comes at 25 s, before the first one's child 1.
		slow := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(15+25*ordinal) * time.Second
		})
		q.worker(t, slow, WorkerConfig{}, q.withoutHeartbeats())
		q.mustExpand(t, request("s", 2))
		synctest.Wait()
		if err := observer.Unsubscribe(); err != nil {
			t.Error(err)
		}
		if len(sent) < 3 || !slices.Equal(sent[:3], []int{0, 0, 1}) {
			t.Errorf("children %v were sent, want 0 twice and then 1", sent)
		}
	})
}

// A job that crashes each of its workers fails with an error that names the last one.
func TestJobThatCrashesItsWorkersFails(t *testing.T) {
	bubble(t, Config{MaxAttempts: 3}, func(t *testing.T, q *rig) {
		for i := range 5 {
			var w *testWorker
			engine := script(func(_ int, reply *policytest.Reply) { reply.Delay, reply.Do = time.Second, func() { w.crash() } })
			w = q.worker(t, engine, WorkerConfig{Name: fmt.Sprint("victim", i)})
		}
		_, _, err := collect(t.Context(), q, request("s", 1))
		named := err != nil && strings.Contains(err.Error(), "victim") && strings.Contains(err.Error(), "attempt 3")
		if !errors.Is(err, policy.ErrPoison) || !named {
			t.Errorf("got %v, want ErrPoison that names the last worker and attempt", err)
		}
		q.checkElapsed(t, 3*q.cfg.AckWait) // no heartbeat comes before the crash
		q.checkEmpty(t)
	})
}
