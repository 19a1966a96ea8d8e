package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

// plannerTarget names the planner.
type plannerTarget struct {
	PlannerAddr string `help:"The planner's address." default:"127.0.0.1:7700" env:"PONDER_ADDR,PONDER_PLANNER_ADDR" name:"planner-addr" aliases:"addr"`
}

// dial connects to the planner. done closes the connection.
func (t plannerTarget) dial() (solver planner.Solver, done func(), err error) {
	if _, _, err := net.SplitHostPort(t.PlannerAddr); err != nil && !strings.Contains(t.PlannerAddr, "://") { // a URI of gRPC
		return nil, nil, usageError{fmt.Errorf("--planner-addr: must be host:port, is %q", t.PlannerAddr)}
	}
	conn, err := serve.Dial(t.PlannerAddr)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--planner-addr %q: %w", t.PlannerAddr, err)}
	}
	return plannerrpc.NewClient(conn), func() { _ = conn.Close() }, nil
}

// follow prints what changed in a search after a sequence number, with or without nodes, until the search ends. It
// returns errInterrupted if ctx ends first, or if the search was cancelled.
func (t plannerTarget) follow(
	ctx context.Context, solver planner.Solver, ref planner.Ref, after int64, nodes bool, out *output,
) error {
	view := &view{out: out, verbose: nodes}
	for event, err := range solver.Watch(ctx, ref, after) {
		switch {
		case err != nil && ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			return t.explain(err)
		}
		if err := view.show(event); err != nil {
			return err
		}
	}
	return view.end()
}

// explain adds the planner's address and a remedy to reasoning.ErrUnavailable, and returns other errors as they are.
func (t plannerTarget) explain(err error) error {
	if errors.Is(err, reasoning.ErrUnavailable) {
		text := fmt.Sprintf("planner at %s: %s (ponder doctor names what is missing, ponder dev starts a planner)",
			t.PlannerAddr, plain(err.Error()))
		return explained{err, text}
	}
	return err
}

// explained is an error with another text.
type explained struct {
	error
	text string
}

// Unwrap returns the error.
func (e explained) Unwrap() error { return e.error }

// Error implements error.
func (e explained) Error() string { return e.text }
