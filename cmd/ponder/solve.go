package main

import (
	"context"
	"time"

	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

type solveCmd struct {
	requestFlags `embed:""`
	Detach       bool   `help:"Print the search's id and leave it running."`
	Quiet        bool   `help:"Print no nodes." short:"q"`
	Idempotency  string `help:"Idempotency key: if a search has this key, it is followed, and no new search is made." placeholder:"KEY"`
}

// Run creates a search and prints its events. Ctrl-C cancels the search.
func (c *solveCmd) Run(ctx context.Context, out *output) error {
	if c.Strategy == "help" {
		return explainStrategies(out)
	}
	request, err := c.request()
	if err != nil {
		return usageError{err}
	}
	request.IdempotencyKey = c.Idempotency
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	return c.solve(ctx, solver, request, out)
}

// solve creates a search and prints it to its end, or only its id.
func (c *solveCmd) solve(ctx context.Context, solver planner.Solver, request planner.Request, out *output) error {
	search, err := c.create(ctx, solver, request)
	if err != nil {
		return err
	}
	if c.Detach {
		if out.json {
			return out.message(plannerrpc.SearchToProto(search))
		}
		say("follow it with: ponder watch %s", search.ID)
		return out.line("%s", search.ID)
	}
	ref := planner.Ref{Tenant: request.Tenant, ID: search.ID}
	// Ctrl-C cancels the search, whose events then end; it does not cancel watchCtx directly.
	watchCtx, stopWatch := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatch()
	defer context.AfterFunc(ctx, func() { c.interrupt(solver, ref, stopWatch) })()
	return c.follow(watchCtx, solver, ref, 0, !c.Quiet, out)
}

// cancelTimeout bounds the time that an interrupted command waits for the planner.
const cancelTimeout = 5 * time.Second

// create creates a search. After Ctrl-C it still waits for the search's id, so that the
// search can be cancelled, but no longer than cancelTimeout.
func (c *solveCmd) create(ctx context.Context, solver planner.Solver, request planner.Request) (planner.Search, error) {
	createCtx, stopCreate := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCreate()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(cancelTimeout, stopCreate) })()
	search, err := solver.Create(createCtx, request)
	switch {
	case err != nil && ctx.Err() != nil:
		say("ponder: the planner does not respond; if it accepted the search, the search continues")
		return search, errInterrupted
	case err != nil:
		return search, c.explain(err)
	}
	return search, nil
}

// interrupt cancels a search, whose events then end. It calls stopWatch if the cancellation fails.
func (c *solveCmd) interrupt(solver planner.Solver, ref planner.Ref, stopWatch func()) {
	ctx, stop := context.WithTimeout(context.Background(), cancelTimeout)
	defer stop()
	if _, err := solver.Cancel(ctx, ref); err != nil {
		say("ponder: cancel search %s: %v (the search continues; try: ponder cancel %s)", ref.ID, err, ref.ID)
		stopWatch()
	}
}
