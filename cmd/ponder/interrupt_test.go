package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

// endless is a planner whose search never ends by itself.
type endless struct {
	planner.Solver
	mute, deaf bool // Create does not return; Cancel does not return

	cancelled chan struct{}
}

func (e *endless) Create(ctx context.Context, _ planner.Request) (planner.Search, error) {
	if e.mute {
		<-ctx.Done()
		return planner.Search{}, ctx.Err()
	}
	return planner.Search{ID: "s", State: planner.StateRunning}, nil
}

func (e *endless) Cancel(ctx context.Context, ref planner.Ref) (planner.Search, error) {
	if e.deaf {
		<-ctx.Done()
		return planner.Search{}, ctx.Err()
	}
	close(e.cancelled)
	return planner.Search{ID: ref.ID, State: planner.StateCancelled}, nil
}

func (e *endless) Watch(ctx context.Context, ref planner.Ref, _ int64) iter.Seq2[planner.Event, error] {
	return func(yield func(planner.Event, error) bool) {
		if !yield(planner.Event{Search: ref.ID, State: planner.StateRunning}, nil) {
			return
		}
		select {
		case <-e.cancelled:
			yield(planner.Event{Search: ref.ID, State: planner.StateCancelled, Outcome: &planner.Outcome{Stop: planner.StopCancelled}}, nil)
		case <-ctx.Done():
			yield(planner.Event{}, ctx.Err())
		}
	}
}

// Ctrl-C cancels the search, and never leaves the command hanging on a planner that
// does not answer.
func TestInterrupt(t *testing.T) {
	for name, c := range map[string]struct {
		mute, deaf bool
		took       time.Duration // from Ctrl-C to the end
		says       string
	}{
		"planner answers":           {},
		"planner is deaf":           {deaf: true, took: cancelTimeout, says: "try: ponder cancel s"},
		"planner never said the id": {mute: true, took: cancelTimeout, says: "if it accepted the search, the search goes on"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, interrupt)
				solver := &endless{mute: c.mute, deaf: c.deaf, cancelled: make(chan struct{})}
				start := time.Now()
				_, said := capture(t, func() {
					if err := (&solveCmd{}).solve(ctx, solver, planner.Request{}, &output{}); !errors.Is(err, errInterrupted) {
						t.Errorf("got %v, want errInterrupted", err)
					}
				})
				if got := time.Since(start); got != time.Second+c.took {
					t.Errorf("took %v, want %v", got, time.Second+c.took)
				}
				if !strings.Contains(said, c.says) {
					t.Errorf("said %q, want %q in it", said, c.says)
				}
			})
		})
	}
}

func TestMissingPlannerIsNamed(t *testing.T) {
	err := plannerTarget{PlannerAddr: "here:1"}.explain(fmt.Errorf("%w: no children to pick from", reasoning.ErrUnavailable))
	if !strings.Contains(err.Error(), "planner at here:1") || !strings.Contains(err.Error(), "ponder dev") {
		t.Errorf("%q says neither where nor what to do", err)
	}
	other := reasoning.Invalid("n", "must be positive")
	if got := (plannerTarget{}).explain(other).Error(); got != "n: must be positive" {
		t.Errorf("another error became %q", got)
	}
}

func TestWrongUsageIsTold(t *testing.T) {
	for _, run := range []func() error{
		func() error {
			return (&solveCmd{question: question{Problem: "p", Strategy: "dfs"}}).Run(t.Context(), &output{})
		},
		func() error {
			return (&planCmd{question: question{Problem: "p", Effort: "huge"}}).Run(t.Context(), &output{})
		},
	} {
		if err := run(); !errors.As(err, new(usageError)) {
			t.Errorf("got %v, want a usageError", err)
		}
	}
}
