package policyqueue

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestJobsFinishWithinTheDrainTimeOrAreReturned(t *testing.T) {
	for _, c := range []struct {
		drain, ended, took time.Duration
	}{
		{20 * time.Second, 10 * time.Second, 10 * time.Second}, // the job finishes
		{5 * time.Second, 7 * time.Second, 17 * time.Second},   // the job is returned, and goes to the other worker at once
	} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			done := make(chan struct{})
			go func() { q.mustExpand(t, request("s", 4)); close(done) }()
			w := q.worker(t, tenSeconds(), WorkerConfig{Drain: c.drain})
			time.Sleep(2 * time.Second)
			q.worker(t, tenSeconds(), WorkerConfig{Name: "other"})
			w.stop()
			err := <-w.ended
			w.ended <- nil
			if err != nil {
				t.Error(err)
			}
			q.checkElapsed(t, c.ended)
			<-done
			q.checkElapsed(t, c.took)
			q.checkEmpty(t)
		})
	}
}

// The tokens that a stopped attempt wasted are in the usage of the children of the next attempt.
// The negative control: an attempt that finishes within the drain time wastes none.
func TestWastedTokensOfReturnedJobsAreBilled(t *testing.T) {
	for drain, want := range map[time.Duration]int64{5 * time.Second: 4 * 3, 20 * time.Second: 0} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			engine := script(func(_ int, reply *policytest.Reply) { reply.Wasted.Generated = 3 })
			done := make(chan int64)
			go func() {
				var wasted int64
				for _, c := range q.mustExpand(t, request("s", 4)) {
					wasted += c.Usage.Generated - int64(reasoning.Tokens(c.Steps))
					if w := c.Waste.Total(); w != c.Waste.Failed {
						t.Errorf("waste %+v, want only of an attempt that failed", c.Waste)
					}
				}
				done <- wasted
			}()
			w := q.worker(t, engine, WorkerConfig{Drain: drain})
			time.Sleep(2 * time.Second)
			q.worker(t, engine, WorkerConfig{Name: "other"})
			w.stop()
			if got := <-done; got != want {
				t.Errorf("drain time %v: %d wasted tokens are billed, want %d", drain, got, want)
			}
			q.checkEmpty(t)
		})
	}
}

// A job whose client does not return holds no slots, and is dropped.
func TestJobWithoutClientKeepsNoSlots(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{Slots: 8})
		job := protocol.Job{Name: "job", Epoch: "epoch", Request: request("orphan", 8), Enqueued: time.Now()}
		msg, err := job.Encode(q.cfg.Model.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * natsTimeout)
		q.mustExpand(t, request("s", 8))
		q.checkElapsed(t, 2*natsTimeout+10*time.Second)
		time.Sleep(time.Duration(q.cfg.MaxAttempts) * (q.cfg.AckWait + natsTimeout))
		q.checkEmpty(t)
		if got := len(engine.Calls()); got != 1 {
			t.Errorf("%d calls of the engine, want 1", got)
		}
	})
}

// A client that does not reply for a while, and so loses a job, is told and may send it again. The
// control is a client that replies in time.
func TestClientLearnsThatItsJobWasDropped(t *testing.T) {
	for claims, want := range map[int]error{30: reasoning.ErrUnavailable, 1: nil} { // a worker repeats a claim within a second
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			left := claims
			deaf := natstest.Tamper(q.server, func(p natstest.Publication) int {
				if strings.HasPrefix(p.Subject, "res.") && left > 0 {
					left--
					return 0
				}
				return 1
			})
			q.worker(t, tenSeconds(), WorkerConfig{}, deaf)
			_, children, err := collect(t.Context(), q, request("s", 1))
			if !errors.Is(err, want) || (err == nil) != (len(children) == 1) {
				t.Errorf("%d lost claims: got %d children and %v, want %v", claims, len(children), err, want)
			}
			if took := time.Since(q.start); took > time.Minute {
				t.Errorf("took %v, want at most the time of the deliveries", took)
			}
			q.checkEmpty(t)
		})
	}
}

func TestJobForAnotherModelVersionIsReturned(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		old, current := tenSeconds(), tenSeconds()
		old.Identity.Name, old.Identity.Version = "script", "1"
		current.Identity.Name, current.Identity.Version = "script", "2"
		q.worker(t, old, WorkerConfig{Name: "old"})
		r := request("s", 1)
		r.Model.Version = "2"
		done := make(chan struct{})
		go func() { q.mustExpand(t, r); close(done) }()
		time.Sleep(100 * time.Millisecond) // until the old worker has returned the job
		q.worker(t, current, WorkerConfig{Name: "current", Slots: 64})
		<-done
		if got := len(old.Calls()); got > 0 {
			t.Errorf("%d calls of the engine of the old version, want none", got)
		}
		r.Model.Version = "3"
		if _, _, err := collect(t.Context(), q, r); !errors.Is(err, policy.ErrModel) {
			t.Errorf("version that no worker serves: got %v, want ErrModel", err)
		}
		r.Model.Name = "other"
		if _, _, err := collect(t.Context(), q, r); !errors.Is(err, policy.ErrModel) {
			t.Errorf("another model than the queue's: got %v, want ErrModel", err)
		}
		q.checkEmpty(t)
	})
}

func TestJobOfAnUnsupportedVersionIsReturned(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		job := protocol.Job{Name: "job", Epoch: "epoch", Request: request("s", 1), Enqueued: time.Now()}
		msg, err := job.Encode(q.cfg.Model.Name)
		if err != nil {
			t.Fatal(err)
		}
		msg.Data = append(msg.Data, 0x08, 0x09) // field 1, the version, again: the last value counts
		if _, err := protocol.DecodeJob(msg); !errors.Is(err, protocol.ErrVersion) {
			t.Fatalf("got %v, want ErrVersion", err)
		}
		if _, err := q.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		load, err := q.monitor.Load(t.Context())
		if err != nil || load.Running != 1 || len(engine.Calls()) > 0 {
			t.Errorf("got load %+v, error %v and %d calls of the engine, want one job and no call",
				load, err, len(engine.Calls()))
		}
		time.Sleep(time.Minute)
		q.checkEmpty(t) // after the last attempt
	})
}
