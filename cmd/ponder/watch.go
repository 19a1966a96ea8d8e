package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// searchID is the part of the command line that names a search.
type searchID struct {
	ID            string `arg:"" help:"The search's id."`
	Tenant        string `help:"Who asks." env:"PONDER_TENANT"`
	plannerTarget `embed:""`
}

func (s searchID) ref() planner.Ref { return planner.Ref{Tenant: s.Tenant, ID: s.ID} }

type watchCmd struct {
	searchID `embed:""`
	After    int64 `help:"The last sequence number seen; 0 shows all."`
}

// Run follows a search to its end. Ctrl-C stops following, not the search.
func (c *watchCmd) Run(ctx context.Context, out *output) error {
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	view := &view{out: out, verbose: true}
	for event, err := range solver.Watch(ctx, c.ref(), c.After) {
		switch {
		case err != nil && ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			return c.explain(err)
		}
		if err := view.show(event); err != nil {
			return err
		}
	}
	return view.end()
}

type cancelCmd struct {
	searchID `embed:""`
}

// Run cancels a search.
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
	fmt.Println(search.State)
	return nil
}

type planCmd struct {
	question `embed:""`
}

// Run says how a problem would be solved.
func (c *planCmd) Run(ctx context.Context, out *output) error {
	request, err := c.request()
	if err != nil {
		return usageError{err}
	}
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	planned, err := solver.Plan(ctx, request)
	if err != nil {
		return c.explain(err)
	}
	if out.json {
		return out.message(plannerrpc.PlannedToProto(planned))
	}
	p := planned.Plan
	fmt.Printf("%s: %s\n", strategies.String(p.Strategy), p.Reason)
	if p.PredictedTokens > 0 {
		fmt.Printf("about %d policy tokens\n", p.PredictedTokens)
	}
	if p.PredictedAccuracy != nil {
		fmt.Printf("about %.0f %% likely to be right\n", 100**p.PredictedAccuracy)
	}
	if p.PredictedTime > 0 {
		fmt.Printf("about %v on a mesh without other load\n", p.PredictedTime.Round(time.Millisecond))
	}
	return nil
}
