package main

import (
	"context"
	"errors"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

type planCmd struct {
	requestFlags `embed:""`
}

// Run prints the plan for a problem, and the predictions of its cost and accuracy.
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
		return out.message(plannerrpc.PlanResultToProto(planned))
	}
	p := planned.Plan
	err = out.line("%s: %s", strategies.String(p.Strategy), p.Reason)
	if p.PredictedTokens > 0 {
		err = errors.Join(err, out.line("about %d policy tokens", p.PredictedTokens))
	}
	if p.PredictedAccuracy != nil {
		err = errors.Join(err, out.line("about %.0f %% likely to be right", 100**p.PredictedAccuracy))
	}
	if p.PredictedTime > 0 {
		err = errors.Join(err, out.line("about %v without other load", p.PredictedTime.Round(time.Millisecond)))
	}
	if u := planned.Bill.Difficulty; u != (reasoning.Usage{}) {
		say("bill   difficulty %d generated, %d verifier", u.Generated, u.Verifier)
	}
	return err
}
