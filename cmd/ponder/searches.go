package main

import (
	"context"
	"time"

	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

type searchesCmd struct {
	Most          int    `help:"How many searches to list at most." default:"20"`
	Tenant        string `help:"Tenant whose searches are listed." env:"PONDER_TENANT"`
	plannerTarget `embed:""`
}

// Run lists the newest searches of a planner.
func (c *searchesCmd) Run(ctx context.Context, out *output) error {
	if c.Most < 1 {
		return usageError{reasoning.Invalid("--most", "must be at least 1, is %d", c.Most)}
	}
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	list := table.New("search", "state", "created", "problem")
	request := planner.ListRequest{Tenant: c.Tenant}
	for left := c.Most; left > 0; {
		request.PageSize = min(left, planner.MaxPageSize)
		page, err := solver.List(ctx, request)
		if err != nil {
			return c.explain(err)
		}
		for _, s := range page.Items {
			if err := out.message(plannerrpc.SearchToProto(s)); err != nil {
				return err
			}
			list.Add(s.ID, s.State.String(), s.Created.Local().Format(time.DateTime), shortened(s.Request.Problem, 40))
		}
		left -= len(page.Items)
		if request.PageToken = page.Next; page.Next == "" {
			break
		}
	}
	return out.table(list)
}

// shortened returns the first characters of a text.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
