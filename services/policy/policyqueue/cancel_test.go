package policyqueue

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestCancelRemovesQueuedJobs(t *testing.T) {
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
	for name, leave := range map[string]func(t *testing.T, q *rig) error{
		"context": func(t *testing.T, q *rig) error {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Second, cancel)
			_, _, err := collect(ctx, q, request("s", 16))
			return err
		},
		"break": func(t *testing.T, q *rig) error {
			for range q.Expand(t.Context(), request("s", 16)) { // the first comes after 5 s
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
				q.worker(t, engine, WorkerConfig{Slots: 8}) // the second job is in the queue
				if err := leave(t, q); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want context.Canceled", err)
				}
				synctest.Wait()
				q.checkElapsed(t, 5*time.Second)
				for _, c := range engine.Calls() {
					if !c.Ended || !errors.Is(c.Err, context.Canceled) {
						t.Errorf("the engine's call ended %v with %v, want context.Canceled", c.Ended, c.Err)
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

// Beside the error comes the usage of the children that were begun and not finished.
// The second job, which no worker began, has none.
func TestErrorCarriesWastedTokens(t *testing.T) {
	for _, c := range []struct {
		name  string
		lost  bool
		ended time.Duration
		want  int64
	}{
		{"final report", false, 5 * time.Second, 6 * 3},
		{"final report is lost", true, 5*time.Second + finalReportTimeout, 0},
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
					}
				}
				if yields != 3 || wasted != c.want {
					t.Errorf("after %d children %d tokens are wasted, want %d after 2", yields-1, wasted, c.want)
				}
				q.checkElapsed(t, c.ended)
				q.checkEmpty(t)
			})
		})
	}
}

// A child that finishes while its job is cancelled is billed once, whether its engine,
// its worker or its client counts it.
func TestChildFinishedDuringCancelIsBilledOnce(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, script(func(_ int, reply *policytest.Reply) {
			reply.Delay = time.Second
			reply.Child.Usage.Generated, reply.Wasted.Generated = 4, 4 // the same for a child that is stopped at the last moment
		}), WorkerConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var billed int64
		for child := range q.Expand(ctx, request("s", 8)) {
			billed += child.Usage.Generated
			cancel()
		}
		if billed != 8*4 {
			t.Errorf("%d tokens are billed, want 32", billed)
		}
	})
}

// Children that came while the caller was busy are yielded, also if an error came
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

func TestDeadlineEndsExpandAndEngine(t *testing.T) {
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
					t.Errorf("the engine's call ended %v with %v", c.Ended, c.Err)
				}
			}
			q.checkEmpty(t)
		})
	}
}

// The deadline reaches the engine on its own: here no client is left to cancel.
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
			t.Errorf("engine's calls are %+v, want one that ended with DeadlineExceeded", got)
		}
		q.checkElapsed(t, 5*time.Second)
	})
}

// An attempt that began for a cancelled job, and missed the cancellation, is not taken
// for one at a later job of the same name: it would not be stopped with that. One that
// began for another client is, as that client may have died.
func TestAttemptAtACancelledJobIsNotTakenForAnother(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var expands sync.WaitGroup
		defer expands.Wait()
		publish := func(ctx context.Context) protocol.Job {
			expands.Go(func() { collect(ctx, q, request("s", 2)) })
			synctest.Wait()
			stream, err := q.js.Stream(t.Context(), protocol.Stream)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := stream.GetMsg(t.Context(), stream.CachedInfo().State.LastSeq)
			if err != nil {
				t.Fatal(err)
			}
			job, err := protocol.DecodeJob(&nats.Msg{Data: stored.Data})
			if err != nil {
				t.Fatal(err)
			}
			return job
		}
		ctx, cancel := context.WithCancel(t.Context())
		first := publish(ctx)
		cancel()
		synctest.Wait()
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		second := publish(ctx)
		if first.Name != second.Name || first.Epoch == second.Epoch {
			t.Fatalf("jobs are %s and %s, want the same name and other epochs", first.ID(), second.ID())
		}
		for _, c := range []struct {
			epoch string
			want  []int
		}{{first.Epoch, nil}, {"another-1", []int{0, 1}}, {"", []int{0, 1}}, {second.Epoch, []int{0, 1}}} {
			claim := protocol.Result{Job: second.Name, Epoch: c.epoch, Start: policy.Start{Attempt: 1}, Event: protocol.Claim{}}
			body, err := claim.Encode()
			if err != nil {
				t.Fatal(err)
			}
			reply, err := q.nc.Request(protocol.ResultSubject("s"), body, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := protocol.DecodeReply(reply.Data); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("epoch %q: children %v are missing, error %v, want %v", c.epoch, got, err, c.want)
			}
		}
	})
}

// A job whose children all come from an attempt at a cancelled job of the same name, with
// the same Start, still has its own attempt stopped: that attempt generates for no client.
func TestChildrenOfACancelledJobDoNotHideTheClaimant(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		r := request("s", 2)
		var start policy.Start
		r.OnStart = func(s policy.Start) { start = s }
		ended := make(chan error, 1)
		go func() { _, _, err := collect(t.Context(), q, r); ended <- err }()
		synctest.Wait()
		for _, j := range q.jobs.allStored() {
			for _, ordinal := range r.Ordinals {
				child := policy.Child{Ordinal: ordinal, Steps: []reasoning.Step{{Text: "2", Tokens: 1}}, Finish: reasoning.FinishEnd}
				child.Usage.Generated = 1
				cancelled := protocol.Result{Job: j.name, Epoch: q.publisher.epoch + "-0", Start: start, Event: protocol.Child{Child: child}}
				body, err := cancelled.Encode()
				if err == nil {
					err = q.nc.Publish(protocol.ResultSubject("s"), body)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		q.checkElapsed(t, 0)
		if got := engine.Calls(); len(got) != 1 || !errors.Is(got[0].Err, context.Canceled) {
			t.Errorf("the engine's calls are %+v, want one that was cancelled", got)
		}
		q.checkEmpty(t)
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
