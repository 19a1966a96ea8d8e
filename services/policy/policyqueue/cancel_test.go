package policyqueue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestCancelDeletesQueuedJobs(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		time.AfterFunc(5*time.Second, cancel)
		if _, _, err := collect(ctx, q, request("s", 16)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		q.checkElapsed(t, 5*time.Second)
		q.checkEmpty(t)
	})
}

func TestCancelStopsTheEngine(t *testing.T) {
	for name, cancel := range map[string]func(t *testing.T, q *rig) error{
		"context": func(t *testing.T, q *rig) error {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Second, cancel)
			_, _, err := collect(ctx, q, request("s", 16))
			return err
		},
		"break": func(t *testing.T, q *rig) error {
			for range q.Expand(t.Context(), request("s", 16)) { // the first child comes after 5 s
				break
			}
			return context.Canceled
		},
		"search": func(t *testing.T, q *rig) error {
			time.AfterFunc(5*time.Second, func() {
				if err := q.Cancel(t.Context(), "s"); err != nil {
					t.Error(err)
				}
			})
			_, _, err := collect(t.Context(), q, request("s", 16))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				engine := script(func(ordinal int, reply *policytest.Reply) {
					if ordinal == 0 && name == "break" {
						reply.Delay = 5 * time.Second
					}
				})
				q.worker(t, engine, WorkerConfig{Slots: 8}) // the second job stays in the queue
				if err := cancel(t, q); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want context.Canceled", err)
				}
				synctest.Wait()
				q.checkElapsed(t, 5*time.Second)
				for _, c := range engine.Calls() {
					if !c.Ended || !errors.Is(c.Err, context.Canceled) {
						t.Errorf("call of the engine: ended %v, error %v, want context.Canceled", c.Ended, c.Err)
					}
				}
				if got := len(engine.Calls()); got != 1 {
					t.Errorf("%d calls of the engine, want 1", got)
				}
				q.checkEmpty(t)
			})
		})
	}
}

// An error comes with the usage of unfinished children. The second job, which no worker has
// claimed, has none.
func TestErrorCarriesWastedTokens(t *testing.T) {
	for _, c := range []struct {
		name  string
		lost  bool
		ended time.Duration
		want  int64
	}{
		{"final report", false, 5 * time.Second, 6 * 3},
		{"lost final report", true, 5*time.Second + finalReportTimeout, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				engine := script(func(ordinal int, reply *policytest.Reply) {
					reply.Wasted = reasoning.Usage{Generated: 3}
					if ordinal < 2 {
						reply.Delay = time.Second
					}
				})
				var opts []nats.Option
				if c.lost {
					opts = append(opts, q.withoutFinalReports())
				}
				q.worker(t, engine, WorkerConfig{Slots: 8}, opts...)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				var wasted, yields int64
				for child, err := range q.Expand(ctx, request("s", 16)) {
					if yields++; err != nil {
						wasted = child.Usage.Generated
						if named := child.Waste.Cancelled.Generated; named != wasted {
							t.Errorf("%d of %d wasted tokens are cancelled, want all", named, wasted)
						}
					}
				}
				if yields != 3 || wasted != c.want {
					t.Errorf("%d wasted tokens after %d children, want %d after 2", wasted, yields-1, c.want)
				}
				q.checkElapsed(t, c.ended)
				q.checkEmpty(t)
			})
		})
	}
}

// A child that finishes while its job is cancelled is billed once: as a child that is
// yielded, as an undelivered child, or as wasted tokens.
func TestChildFinishedDuringCancelIsBilledOnce(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, script(func(_ int, reply *policytest.Reply) {
			reply.Delay = time.Second
			reply.Child.Usage.Generated, reply.Wasted.Generated = 4, 4
		}), WorkerConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var billed int64
		for child := range q.Expand(ctx, request("s", 8)) {
			billed += child.Usage.Generated
			cancel()
		}
		if billed != 8*4 {
			t.Errorf("%d tokens are billed, want %d", billed, 8*4)
		}
	})
}

// A caller that breaks off gets what the other children wasted by OnWaste.
func TestWasteAfterTheCallerBreaksOff(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(ordinal+1) * time.Second
			reply.Wasted.Generated = 3
		}), WorkerConfig{})
		r := request("s", 4)
		var wasted reasoning.Cost
		r.OnWaste = func(c reasoning.Cost) { wasted = wasted.Add(c) }
		for range q.Expand(t.Context(), r) {
			break
		}
		if want := reasoning.Wasted(reasoning.Waste{Cancelled: reasoning.Usage{Generated: 9}}); wasted != want {
			t.Errorf("wasted %+v, want %+v: three children were stopped", wasted, want)
		}
	})
}

// Children that arrive while the caller is busy are yielded, even if an error arrives
// before them.
func TestChildrenReceivedWithAnErrorAreYielded(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(ordinal+1) * time.Second
		}), WorkerConfig{})
		var last error
		children := 0
		for _, err := range q.Expand(t.Context(), request("s", 4)) {
			if last = err; err != nil {
				break
			}
			if children++; children == 1 {
				q.jobs.failSearch("s", context.Canceled)
				time.Sleep(time.Minute)
			}
		}
		if children != 4 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d children and then %v, want 4 and context.Canceled", children, last)
		}
	})
}

func TestDeadlineEndsExpandAndTheEngine(t *testing.T) {
	for _, workers := range []int{0, 1} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			engine := tenSeconds()
			for range workers {
				q.worker(t, engine, WorkerConfig{})
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
			defer cancel()
			if _, _, err := collect(ctx, q, request("s", 4)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d workers: got %v, want context.DeadlineExceeded", workers, err)
			}
			q.checkElapsed(t, 5500*time.Millisecond)
			synctest.Wait()
			for _, c := range engine.Calls() {
				if !c.Ended || c.Err == nil {
					t.Errorf("call of the engine: ended %v, error %v, want an error", c.Ended, c.Err)
				}
			}
			q.checkEmpty(t)
		})
	}
}

// A worker knows the deadline of a job, so that no client has to cancel it.
func TestDeadlineStopsTheEngineWithoutAClient(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.AfterFunc(time.Second, q.nc.Close)
		collect(ctx, q, request("s", 4))
		synctest.Wait()
		got := engine.Calls()
		if len(got) != 1 || !errors.Is(got[0].Err, context.DeadlineExceeded) {
			t.Errorf("calls of the engine: got %+v, want one that ended with DeadlineExceeded", got)
		}
		q.checkElapsed(t, 5*time.Second)
	})
}

// An attempt that is cancelled while it waits for the reply to its claim sends a final
// report: Expand does not wait until finalReportTimeout.
func TestCancelDuringClaimIsReported(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		q := newRig(t, s, 1, Config{}, natstest.Tamper(s, func(p natstest.Publication) int {
			if strings.HasPrefix(p.Subject, "_INBOX.") { // replies to results
				return 0
			}
			return 1
		}))
		q.worker(t, tenSeconds(), WorkerConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		time.AfterFunc(natsTimeout/2, cancel)
		if _, _, err := collect(ctx, q, request("s", 2)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		q.checkElapsed(t, natsTimeout/2)
		q.checkEmpty(t)
	})
}

// A worker that receives a cancellation shortly before it begins the attempt does not wait for
// a client.
func TestCancelBeforeTheAttemptStopsIt(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		job := protocol.Job{Name: "job", Epoch: "epoch", Request: request("s", 1), Enqueued: time.Now()}
		msg, err := job.Encode(q.cfg.Model.Name)
		if err == nil {
			err = q.nc.Publish(protocol.CancelSubject("s"), []byte(job.ID()))
		}
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := q.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		q.checkEmpty(t)
		q.checkElapsed(t, 0)
		if got := len(engine.Calls()); got != 0 {
			t.Errorf("%d calls of the engine, want none", got)
		}
	})
}
