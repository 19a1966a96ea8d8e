package main

import (
	"context"

	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

type cancelCmd struct {
	searchID `embed:""`
}

// Run cancels a search and prints its state.
func (c *cancelCmd) Run(ctx context.Context, out *output) error {
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	search, err := solver.Cancel(ctx, c.ref())
	if err != nil {
		return c.explain(err)
	}
	if out.json {
		return out.message(plannerrpc.SearchToProto(search))
	}
	return out.line("%v", search.State)
}
