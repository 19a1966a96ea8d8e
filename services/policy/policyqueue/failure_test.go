package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestFailedJobs(t *testing.T) {
	const four = 4*time.Second + 5250*time.Millisecond // attempts of a second each, and the delays between them
	fails := func(err error) func(*policytest.Reply) { return func(reply *policytest.Reply) { reply.Err = err } }
	keyRefused := reasoning.NewError(reasoning.KindPrecondition, "OF_A_TEST", "key refused")
	panics := func(reply *policytest.Reply) { reply.Do = func() { panic("index out of range") } }
	for _, c := range []struct {
		name  string
		fail  func(*policytest.Reply)
		calls int
		took  time.Duration
		want  error
		text  string
	}{
		{"transient", fails(errors.New("out of memory")), 4, four, policy.ErrPoison, "out of memory"},
		{"broken off", fails(reasoning.ErrUnavailable), 4, four, policy.ErrPoison, "unavailable"},
		{"time limit of the engine", fails(context.DeadlineExceeded), 4, four, policy.ErrPoison, "deadline"},
		{"panic", panics, 4, four, policy.ErrPoison, "index out of range"},
		{"key refused", fails(fmt.Errorf("401 (set PONDER_POLICY_API_KEY): %w", keyRefused)), 1, time.Second, keyRefused,
			"set PONDER_POLICY_API_KEY"},
		{"invalid", fails(reasoning.Invalid("steps", "many")), 1, time.Second, reasoning.ErrInvalid, "steps: many"},
		{"model", fails(policy.ErrModel), 1, time.Second, policy.ErrModel, "model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				engine := script(func(_ int, reply *policytest.Reply) { reply.Delay = time.Second; c.fail(reply) })
				q.worker(t, engine, WorkerConfig{})
				_, _, err := collect(t.Context(), q, request("s", 1))
				if !errors.Is(reasoning.Classify(err), c.want) || !strings.Contains(err.Error(), c.text) {
					t.Errorf("got %v, want %v with the text %q", err, c.want, c.text)
				}
				if got := len(engine.Calls()); got != c.calls {
					t.Errorf("%d calls of the engine, want %d", got, c.calls)
				}
				q.checkElapsed(t, c.took)
				q.checkEmpty(t)
			})
		})
	}
}

// What a failed attempt generated is on the bill, whether a later attempt succeeds or not.
func TestFailedAttemptsAreBilled(t *testing.T) {
	for failures, want := range map[int]int64{0: 0, 1: 3, 3: 9, 4: 12} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			left := failures
			engine := script(func(_ int, reply *policytest.Reply) {
				reply.Delay = time.Second
				if left > 0 {
					left--
					reply.Err, reply.Wasted = errors.New("aborted"), reasoning.Usage{Generated: 3}
				}
			})
			q.worker(t, engine, WorkerConfig{})
			var billed, inSteps int64
			for child := range q.Expand(t.Context(), request("s", 1)) {
				billed += child.Usage.Generated
				if len(child.Steps) > 0 && child.Waste.Failed.Generated != want {
					t.Errorf("%d failures: waste %+v, want %d failed tokens", failures, child.Waste, want)
				}
				inSteps += int64(reasoning.Tokens(child.Steps))
			}
			if billed-inSteps != want || (inSteps > 0) != (failures < 4) {
				t.Errorf("%d failures: billed %d tokens, %d of them in steps, want %d that are wasted",
					failures, billed, inSteps, want)
			}
			q.checkEmpty(t)
		})
	}
}

// Expand returns no error if a later attempt succeeds, and children that finished before are
// kept.
func TestRetryKeepsFinishedChildren(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		failures := 2
		engine := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(ordinal+1) * time.Second
			if ordinal == 1 && failures > 0 {
				failures--
				reply.Err = errors.New("hiccup")
			}
		})
		q.worker(t, engine, WorkerConfig{})
		q.mustExpand(t, request("s", 3))
		want := []string{"[0 1 2] yielded [0]", "[1 2] yielded []", "[1 2] yielded [1 2]"}
		if diff := cmp.Diff(describeCalls(engine), want); diff != "" {
			t.Errorf("calls of the engine (got before want):\n%s", diff)
		}
		q.checkElapsed(t, 2*time.Second+250*time.Millisecond+2*time.Second+time.Second+3*time.Second)
		q.checkEmpty(t)
	})
}

// JetStream sends no notification when it delivers a job again: the worker that returned the
// job pulls at that time.
func TestRetryIsNotLateInOneOfManyPartitions(t *testing.T) {
	partitioned(t, 32, Config{}, func(t *testing.T, q *rig) {
		engine := script(func(_ int, reply *policytest.Reply) { reply.Delay, reply.Err = time.Second, errors.New("broken") })
		q.worker(t, engine, WorkerConfig{})
		if _, _, err := collect(t.Context(), q, request("s", 1)); !errors.Is(err, policy.ErrPoison) {
			t.Errorf("got %v, want ErrPoison", err)
		}
		want := 4*time.Second + 5250*time.Millisecond
		if got := time.Since(q.start); got < want || got > want+4*2*redeliveryLag {
			t.Errorf("took %v, want %v and at most %v per attempt", got, want, 2*redeliveryLag)
		}
	})
}

func TestJobsWithoutWorkersExpire(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		if _, _, err := collect(t.Context(), q, request("s", 1)); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		q.checkElapsed(t, q.cfg.MaxAge)
		q.checkEmpty(t)
	})
}

func TestFullQueueRefuses(t *testing.T) {
	bubble(t, Config{MaxJobs: 2}, func(t *testing.T, q *rig) {
		if _, _, err := collect(t.Context(), q, request("s", 24)); !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got %v, want ErrOverloaded", err)
		}
		q.checkElapsed(t, 0)
		q.checkEmpty(t) // the two jobs that were stored are deleted
	})
}

func TestOversizedRequestIsRefused(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		r := request("s", 1)
		r.Steps = []string{strings.Repeat("x", policy.MaxPrefix)}
		var invalid *reasoning.InvalidError
		if _, _, err := collect(t.Context(), q, r); !errors.As(err, &invalid) || invalid.Field != "steps" {
			t.Errorf("got %v, want an InvalidError of steps", err)
		}
	})
}

// A child that is larger than a message fails its job at once, with the remedy, and is on the bill.
func TestOversizedChildFailsAtOnce(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := script(func(_ int, reply *policytest.Reply) {
			reply.Child.Steps = []reasoning.Step{{Text: strings.Repeat("x", 2<<20), Tokens: 1000}}
		})
		q.worker(t, engine, WorkerConfig{})
		var billed int64
		var last error
		for child, err := range q.Expand(t.Context(), request("s", 1)) {
			billed, last = billed+child.Usage.Generated, err
		}
		if !errors.Is(last, errTooLarge) || !strings.Contains(last.Error(), "max_payload") || billed != 1000 {
			t.Errorf("got %v and a bill of %d tokens, want %v and 1000", last, billed, errTooLarge)
		}
		q.checkElapsed(t, 10*time.Second)
		q.checkEmpty(t)
	})
}

func TestExpandFailsWithoutTheStream(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		if err := q.js.DeleteStream(t.Context(), protocol.Stream); err != nil {
			t.Fatal(err)
		}
		const remedy = "start a planner"
		_, _, err := collect(t.Context(), q, request("s", 1))
		if !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), remedy) {
			t.Errorf("got %v, want ErrUnavailable with the text %q", err, remedy)
		}
		if took := time.Since(q.start); took > time.Second {
			t.Errorf("took %v, want at most 1s", took)
		}
		err = q.monitor.Ready(t.Context())
		if err == nil || !strings.Contains(err.Error(), protocol.Stream) || !strings.Contains(err.Error(), remedy) {
			t.Errorf("got %v, want an error with the stream and the text %q", err, remedy)
		}
	})
}

// A job that NATS does not acknowledge within its time limit is ErrUnavailable, which
// callers retry. The caller's own deadline, if it is earlier, is context.DeadlineExceeded.
func TestUnacknowledgedPublishIsUnavailable(t *testing.T) {
	for _, c := range []struct {
		deadline, took time.Duration
		want, not      error
	}{
		{time.Hour, natsTimeout, reasoning.ErrUnavailable, context.DeadlineExceeded},
		{natsTimeout / 2, natsTimeout / 2, context.DeadlineExceeded, reasoning.ErrUnavailable},
	} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			q := newRig(t, s, 1, Config{}, natstest.Tamper(s, func(p natstest.Publication) int {
				if strings.HasPrefix(p.Subject, "exp.") {
					return 0
				}
				return 1
			}))
			ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
			defer cancel()
			if _, _, err := collect(ctx, q, request("s", 1)); !errors.Is(err, c.want) || errors.Is(err, c.not) {
				t.Errorf("deadline of %v: got %v, want %v and not %v", c.deadline, err, c.want, c.not)
			}
			q.checkElapsed(t, c.took)
		})
	}
}
