package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// Errors of engines that did not begin an attempt.
var (
	errRefused   = reasoning.Refuse(fmt.Errorf("dial tcp 127.0.0.1:8000: connection refused: %w", reasoning.ErrUnavailable))
	errLoading   = reasoning.Refuse(fmt.Errorf("503: Loading model: %w", reasoning.ErrUnavailable))
	errThrottled = fmt.Errorf("429: %w", reasoning.ErrOverloaded)
)

// A job that the engine refuses before it begins waits, as long as the engine asks for, and is never
// given up. The control is an engine that breaks off.
func TestRefusedJobsWait(t *testing.T) {
	for _, c := range []struct {
		name     string
		err      error
		refusals int
		most     time.Duration // until the child comes
		want     error
	}{
		{"refused", errRefused, 20, 3 * time.Minute, nil},
		{"loading", errLoading, 20, 3 * time.Minute, nil},
		{"throttled", errThrottled, 20, 3 * time.Minute, nil},
		{"throttled, with a delay", reasoning.WithDelay(errThrottled, 30*time.Second), 5, 160 * time.Second, nil},
		{"broken off", fmt.Errorf("EOF: %w", reasoning.ErrUnavailable), 20, 10 * time.Second, policy.ErrPoison},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				left := c.refusals
				engine := script(func(_ int, reply *policytest.Reply) {
					if left > 0 {
						left--
						reply.Delay, reply.Err = 0, c.err
					}
				})
				q.worker(t, engine, WorkerConfig{})
				r := request("s", 1)
				waits, attempts := 0, 0
				r.OnWait = func(err error) {
					waits++
					if !errors.Is(err, reasoning.Classify(c.err)) || !strings.Contains(err.Error(), "worker: ") {
						t.Errorf("waits for %v, want %v with the name of the worker", err, c.err)
					}
				}
				r.OnStart = func(s policy.Start) { attempts = max(attempts, s.Attempt) }
				_, children, err := collect(t.Context(), q, r)
				if !errors.Is(err, c.want) || (c.want == nil) != (len(children) == 1) {
					t.Fatalf("got %d children and %v, want %v", len(children), err, c.want)
				}
				delay := time.Duration(c.refusals) * reasoning.Delay(c.err)
				if took := time.Since(q.start); took > c.most || took < delay {
					t.Errorf("took %v, want %v to %v", took, delay, c.most)
				}
				if c.want == nil && (waits != c.refusals || attempts != 1) {
					t.Errorf("%d waits and %d attempts that began, want %d and 1", waits, attempts, c.refusals)
				}
				q.checkEmpty(t)
			})
		})
	}
}

// At its deadline a job that waited for an engine says why it did.
func TestDeadlineOfARefusedJobNamesTheReason(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, script(func(_ int, reply *policytest.Reply) { reply.Delay, reply.Err = 0, errLoading }), WorkerConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _, err := collect(ctx, q, request("s", 1))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "503: Loading model") {
			t.Errorf("got %v, want the deadline and the reason", err)
		}
		q.checkElapsed(t, time.Minute)
		q.checkEmpty(t)
	})
}

// Attempts that fail count in a row, which ends with a child.
func TestAChildEndsTheRowOfFailures(t *testing.T) {
	bubble(t, Config{MaxAttempts: 3}, func(t *testing.T, q *rig) {
		calls := 0
		engine := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Second
			if ordinal > calls/2 { // each second attempt generates one child more
				reply.Delay, reply.Err = 2*time.Second, errors.New("hiccup")
			}
		})
		base := engine.Reply
		engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			if ordinal == r.Ordinals[0] {
				calls++
			}
			return base(r, ordinal)
		}
		q.worker(t, engine, WorkerConfig{})
		q.mustExpand(t, request("s", 4))
		if calls < 5 {
			t.Errorf("%d attempts, want more than fail in a row", calls)
		}
	})
}

// Setup removes the limit of deliveries that planners of earlier releases gave to a consumer, also
// for the jobs in the queue. The control is a queue before that.
func TestSetupRemovesTheLimitOfDeliveries(t *testing.T) {
	for _, migrated := range []bool{true, false} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			stream, err := q.js.Stream(t.Context(), protocol.Stream)
			if err != nil {
				t.Fatal(err)
			}
			old := q.cfg.consumer(0, 1)
			old.MaxDeliver = 4
			if _, err := stream.UpdateConsumer(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			engine := newSwitchable(errThrottled)
			q.worker(t, engine, WorkerConfig{})
			ended := make(chan error, 1)
			go func() { _, _, err := collect(t.Context(), q, request("s", 1)); ended <- err }()
			time.Sleep(10 * time.Millisecond) // after the first refusal
			if migrated {
				if err := Setup(t.Context(), q.js, q.cfg); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
			engine.set(nil)
			if err := <-ended; migrated != (err == nil) {
				t.Errorf("migrated %v: got %v after %d calls of the engine", migrated, err, len(engine.Calls()))
			}
			q.checkEmpty(t)
		})
	}
}

// A worker counts the attempts at a job of a client of an earlier release, which does not.
func TestWorkerCountsForAnEarlierClient(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.publisher.maxAttempts = 0
		engine := script(func(_ int, reply *policytest.Reply) { reply.Delay, reply.Err = 0, errThrottled })
		q.worker(t, engine, WorkerConfig{})
		_, _, err := collect(t.Context(), q, request("s", 1))
		if got := len(engine.Calls()); !errors.Is(err, policy.ErrPoison) || got > maxDeliveries {
			t.Errorf("got %v after %d calls of the engine, want ErrPoison after at most %d deliveries", err, got, maxDeliveries)
		}
		q.checkEmpty(t)
	})
}

// A worker of an earlier release counts deliveries itself, and fails the job after four. Attempts
// that it reports do not count twice.
func TestClientOfAnEarlierWorker(t *testing.T) {
	for failures, want := range map[int]error{3: nil, 4: policy.ErrPoison} {
		bubble(t, Config{MaxAttempts: 2}, func(t *testing.T, q *rig) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go q.earlierWorker(ctx, t, failures)
			_, children, err := collect(t.Context(), q, request("s", 1))
			if !errors.Is(err, want) || (err == nil) != (len(children) == 1) {
				t.Errorf("%d failures: got %d children and %v, want %v", failures, len(children), err, want)
			}
			q.checkEmpty(t)
		})
	}
}

// earlierWorker runs jobs of one child as a worker did before clients counted attempts: its first
// attempts fail, the fourth with a Failure.
func (q *rig) earlierWorker(ctx context.Context, t *testing.T, failures int) {
	for ctx.Err() == nil {
		msg, err := pull{Expires: time.Minute}.send(ctx, q.nc, protocol.Consumer(q.cfg.Model.Name, 0))
		if err != nil || msg == nil {
			return
		}
		meta, err := msg.Metadata()
		if err != nil {
			t.Error(err)
			return
		}
		job, err := protocol.DecodeJob(msg)
		if err != nil {
			t.Error(err)
			return
		}
		start := policy.Start{Worker: "earlier", Attempt: int(meta.NumDelivered)}
		report := reporter{
			nc: q.nc, search: job.Request.Search, job: job.Name, epoch: job.Epoch, start: start,
			spent: func() (none reasoning.Usage) { return none },
		}
		_, _, err = report.claim(ctx)
		switch {
		case start.Attempt > failures:
			_, err = report.deliver(ctx, policy.Child{Steps: []reasoning.Step{{Text: "2", Tokens: 1}}, Finish: reasoning.FinishEnd})
			err = errors.Join(err, msg.Ack())
		case start.Attempt == 4:
			err = errors.Join(err, report.fail(ctx, policy.ErrPoison), msg.Term())
		default:
			report.stopped(nil, protocol.Stopped{})
			err = errors.Join(err, msg.Nak())
		}
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
}
