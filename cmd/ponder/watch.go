package main

import (
	"context"
	"fmt"
	"time"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

// searchID is the part of the command line that names a search.
type searchID struct {
	ID            string `arg:"" help:"The search's id."`
	Tenant        string `help:"Who asks." env:"PONDER_TENANT"`
	plannerTarget `embed:""`
}

type watchCmd struct {
	searchID `embed:""`
	After    int64 `help:"The last sequence number seen; 0 shows all."`
}

// Run follows a search to its end. Ctrl-C stops following, not the search.
func (c *watchCmd) Run(ctx context.Context, out *output) error {
	client, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	stream, err := client.WatchSearch(ctx, &plannerv1.WatchSearchRequest{Tenant: c.Tenant, SearchId: c.ID, AfterSequence: c.After})
	if err != nil {
		return c.explain(err)
	}
	view := &view{out: out, verbose: true}
	for {
		response, err := stream.Recv()
		if err != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return c.end(err, view)
		}
		if err := view.show(response.GetEvent()); err != nil {
			return err
		}
	}
}

type cancelCmd struct {
	searchID `embed:""`
}

// Run cancels a search.
func (c *cancelCmd) Run(ctx context.Context, out *output) error {
	client, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	response, err := client.CancelSearch(ctx, &plannerv1.CancelSearchRequest{Tenant: c.Tenant, SearchId: c.ID})
	if err != nil {
		return c.explain(err)
	}
	if out.json {
		return out.message(response.GetSearch())
	}
	fmt.Println(enumName(response.GetSearch().GetState().String(), "SEARCH_STATE_"))
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
	client, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	response, err := client.PlanSearch(ctx, &plannerv1.PlanSearchRequest{Tenant: request.Tenant, Spec: plannerrpc.SpecToProto(request)})
	if err != nil {
		return c.explain(err)
	}
	if out.json {
		return out.message(response)
	}
	p := response.GetPlan()
	fmt.Printf("%s: %s\n", strategyText(p), p.GetReason())
	if p.GetPredictedPolicyTokens() > 0 {
		fmt.Printf("about %d policy tokens\n", p.GetPredictedPolicyTokens())
	}
	if p.PredictedAccuracy != nil {
		fmt.Printf("about %.0f %% likely to be right\n", 100*p.GetPredictedAccuracy())
	}
	if p.PredictedTime != nil {
		fmt.Printf("about %v on a mesh with nothing else to do\n", p.GetPredictedTime().AsDuration().Round(time.Millisecond))
	}
	return nil
}
