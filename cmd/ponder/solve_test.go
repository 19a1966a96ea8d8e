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
	createHangs, cancelHangs bool // until the call's context ends

	cancelled chan struct{} // closed by Cancel
}

// Create implements planner.Solver.
func (e *endless) Create(ctx context.Context, _ planner.Request) (planner.Search, error) {
	if e.createHangs {
		<-ctx.Done()
		return planner.Search{}, ctx.Err()
	}
	return planner.Search{ID: "s", State: planner.StateRunning}, nil
}

// Cancel implements planner.Solver.
func (e *endless) Cancel(ctx context.Context, ref planner.Ref) (planner.Search, error) {
	if e.cancelHangs {
		<-ctx.Done()
		return planner.Search{}, ctx.Err()
	}
	close(e.cancelled)
	return planner.Search{ID: ref.ID, State: planner.StateCancelled}, nil
}

// Watch implements planner.Solver.
func (e *endless) Watch(ctx context.Context, ref planner.Ref, _ int64) iter.Seq2[planner.Event, error] {
	return func(yield func(planner.Event, error) bool) {
		if !yield(planner.Event{Search: ref.ID, State: planner.StateRunning}, nil) {
			return
		}
		select {
		case <-e.cancelled:
			outcome := &planner.Outcome{Stop: planner.StopCancelled}
			yield(planner.Event{Search: ref.ID, State: planner.StateCancelled, Outcome: outcome}, nil)
		case <-ctx.Done():
			yield(planner.Event{}, ctx.Err())
		}
	}
}

// Ctrl-C cancels the search, and ends the command even if the planner does not respond.
func TestInterruptCancelsTheSearch(t *testing.T) {
	for name, c := range map[string]struct {
		createHangs, cancelHangs bool
		took                     time.Duration // from Ctrl-C to the end
		note                     string
	}{
		"planner responds": {},
		"Cancel hangs":     {cancelHangs: true, took: cancelTimeout, note: "try: ponder cancel s"},
		"Create hangs":     {createHangs: true, took: cancelTimeout, note: "if it accepted the search, the search continues"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, interrupt)
				solver := &endless{createHangs: c.createHangs, cancelHangs: c.cancelHangs, cancelled: make(chan struct{})}
				start := time.Now()
				_, stderr := capture(t, func() {
					err := (&solveCmd{}).solve(ctx, solver, planner.Request{}, &output{})
					if !errors.Is(err, errInterrupted) {
						t.Errorf("got %v, want errInterrupted", err)
					}
				})
				if got := time.Since(start); got != time.Second+c.took {
					t.Errorf("took %v, want %v", got, time.Second+c.took)
				}
				if !strings.Contains(stderr, c.note) {
					t.Errorf("standard error is %q, want %q in it", stderr, c.note)
				}
			})
		})
	}
}

func TestUnavailablePlannerIsNamed(t *testing.T) {
	unavailable := fmt.Errorf("%w: no children to pick from", reasoning.ErrUnavailable)
	err := plannerTarget{PlannerAddr: "here:1"}.explain(unavailable)
	if !strings.Contains(err.Error(), "planner at here:1") || !strings.Contains(err.Error(), "ponder dev") {
		t.Errorf("%q lacks the address or the remedy", err)
	}
	other := reasoning.Invalid("n", "must be positive")
	if got := (plannerTarget{}).explain(other).Error(); got != "n: must be positive" {
		t.Errorf("another error became %q, want it unchanged", got)
	}
}

func TestWrongFlagsAreUsageErrors(t *testing.T) {
	for _, run := range []func() error{
		func() error {
			return (&solveCmd{requestFlags: requestFlags{Problem: "p", Strategy: "dfs"}}).Run(t.Context(), &output{})
		},
		func() error {
			return (&planCmd{requestFlags: requestFlags{Problem: "p", Effort: "huge"}}).Run(t.Context(), &output{})
		},
	} {
		if err := run(); !errors.As(err, new(usageError)) {
			t.Errorf("got %v, want a usageError", err)
		}
	}
}
