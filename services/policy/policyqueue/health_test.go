package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A switchable is an engine that can be down: then it refuses jobs, and its probe fails.
type switchable struct {
	*policytest.Script

	mu  sync.Mutex
	err error // nil: it is up
}

func newSwitchable(err error) *switchable {
	e := &switchable{err: err}
	e.Script = script(func(_ int, reply *policytest.Reply) {
		if err := e.probe(context.Background()); err != nil {
			reply.Delay, reply.Err = 0, err
		}
	})
	return e
}

func (e *switchable) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

func (e *switchable) probe(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// A worker whose engine is not ready pulls nothing until it is. The control is a worker that does
// not know.
func TestUnreadyWorkerPullsNothing(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		partitioned(t, 4, Config{}, func(t *testing.T, q *rig) {
			engine := newSwitchable(errRefused)
			wc := WorkerConfig{}
			if guarded {
				wc.Ready = engine.probe
			}
			q.worker(t, engine, wc)
			time.AfterFunc(time.Minute, func() { engine.set(nil) })
			q.mustExpand(t, request("s", 8))
			if took, most := time.Since(q.start), time.Minute+longestPause+10*time.Second+time.Second; took > most {
				t.Errorf("took %v, want at most %v", took, most)
			}
			calls := engine.Calls()
			if got := len(calls); guarded && got != 1 || !guarded && got < 2 {
				t.Errorf("guarded %v: %d calls of the engine, want one if guarded, otherwise more", guarded, got)
			}
			q.checkEmpty(t)
		})
	}
}

// Jobs of a worker whose engine goes down go to the worker with a ready engine at once, in any
// partition, and the first one pulls again when its engine is back.
func TestJobsOfAnUnreadyEngineGoToAnother(t *testing.T) {
	for _, partitions := range []int{1, 32} {
		partitioned(t, partitions, Config{}, func(t *testing.T, q *rig) {
			bad, good := newSwitchable(nil), newSwitchable(nil)
			q.worker(t, bad, WorkerConfig{Name: "bad", Slots: 64, Ready: bad.probe})
			q.worker(t, good, WorkerConfig{Name: "good", Slots: 64, Ready: good.probe})
			time.Sleep(100 * time.Millisecond)
			bad.set(errRefused) // its worker does not know yet
			q.start = time.Now()
			var searches sync.WaitGroup
			for i := range 8 {
				searches.Go(func() {
					if got := countByWorker(q.mustExpand(t, request(fmt.Sprint("s", i), 8))); got["good"] != 8 {
						t.Errorf("children by worker are %v, want all by the ready one", got)
					}
				})
			}
			searches.Wait()
			if took := time.Since(q.start); took > 10*time.Second+250*time.Millisecond {
				t.Errorf("%d partitions: took %v, want the 10s of the engine, and little more", partitions, took)
			}
			q.checkEmpty(t)

			refused := len(bad.Calls())
			time.Sleep(time.Minute)
			if got := len(bad.Calls()); got != refused || got > 16 {
				t.Errorf("%d calls of the engine that is down, %d of them later, want at most those that were under way", got, got-refused)
			}
			bad.set(nil)
			good.set(errLoading)
			time.Sleep(protocol.AnnounceEvery + 100*time.Millisecond)
			if got := countByWorker(q.mustExpand(t, request("back", 8))); got["bad"] != 8 {
				t.Errorf("children by worker are %v, want all by the one that is back", got)
			}
		})
	}
}

// A worker announces why it pulls nothing.
func TestUnreadyWorkerAnnouncesTheReason(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := newSwitchable(errLoading)
		q.worker(t, engine, WorkerConfig{Ready: engine.probe})
		check := func(ready bool, reason string) {
			t.Helper()
			synctest.Wait()
			status, err := ReadStatus(t.Context(), q.js)
			if err != nil || len(status.Models) != 1 || len(status.Models[0].Workers) != 1 {
				t.Fatalf("got %+v and %v, want one worker", status, err)
			}
			if got := status.Models[0].Workers[0]; got.Ready != ready || got.Reason != reason {
				t.Errorf("announced %v, %q, want %v, %q", got.Ready, got.Reason, ready, reason)
			}
		}
		check(false, errLoading.Error())
		engine.set(nil)
		time.Sleep(protocol.AnnounceEvery)
		check(true, "")
		engine.set(errRefused)
		go collect(t.Context(), q, request("s", 1)) // learns it before a probe
		check(false, errRefused.Error())
	})
}

// An engine that refuses for good is not hidden by the worker: the job fails with the remedy. While
// another worker is ready, that one gets the job.
func TestJobsOfABrokenEngine(t *testing.T) {
	refused := reasoning.NewError(reasoning.KindPrecondition, "OF_A_TEST", "set PONDER_POLICY_API_KEY")
	for _, alone := range []bool{true, false} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			engine := newSwitchable(refused)
			q.worker(t, engine, WorkerConfig{Name: "broken", Ready: engine.probe})
			if !alone {
				q.worker(t, tenSeconds(), WorkerConfig{Name: "good"})
			}
			time.Sleep(100 * time.Millisecond)
			_, children, err := collect(t.Context(), q, request("s", 8))
			if alone != errors.Is(err, refused) || alone != (len(children) == 0) {
				t.Errorf("alone %v: got %d children and %v", alone, len(children), err)
			}
			q.checkEmpty(t)
		})
	}
}

// A probe that gets no answer says nothing: a busy engine stays ready.
func TestSlowProbeSaysNothing(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var mu sync.Mutex
		slow := false
		probe := func(ctx context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if slow {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		q.worker(t, tenSeconds(), WorkerConfig{Ready: probe})
		mu.Lock()
		slow = true
		mu.Unlock()
		time.Sleep(time.Minute)
		q.mustExpand(t, request("s", 8))
		q.checkElapsed(t, 70*time.Second)
	})
}

// While an engine throttles, its worker pauses longer and longer, so that it is asked seldom.
func TestThrottledWorkerPauses(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := newSwitchable(errThrottled)
		q.worker(t, engine, WorkerConfig{Slots: 64})
		time.AfterFunc(10*time.Minute, func() { engine.set(nil) })
		var searches sync.WaitGroup
		for i := range 8 {
			searches.Go(func() { q.mustExpand(t, request(fmt.Sprint("s", i), 8)) })
		}
		searches.Wait()
		if got := len(engine.Calls()); got > 8*(10*60/10+10) {
			t.Errorf("%d calls of the engine, want at most one per job and %v, and some at the beginning", got, longestPause)
		}
		q.checkEmpty(t)
	})
}
