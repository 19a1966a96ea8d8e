package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/serve"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// plannerTarget says where the planner is.
type plannerTarget struct {
	PlannerAddr string `help:"The planner's address." default:"127.0.0.1:7700" env:"PONDER_ADDR" name:"planner-addr" aliases:"addr"`
}

// dial connects to the planner; done closes the connection.
func (t plannerTarget) dial() (client plannerv1.PlannerServiceClient, done func(), err error) {
	conn, err := serve.Dial(t.PlannerAddr)
	if err != nil {
		return nil, nil, fmt.Errorf("planner address %q: %w", t.PlannerAddr, err)
	}
	return plannerv1.NewPlannerServiceClient(conn), func() { _ = conn.Close() }, nil
}

// explain says what a call's error means: where a planner that does not serve was
// looked for, and what to do.
func (t plannerTarget) explain(err error) error {
	err = rpcerr.FromStatus(err)
	if errors.Is(err, reasoning.ErrUnavailable) {
		return fmt.Errorf("planner at %s: %w (ponder doctor says what is missing, ponder dev starts a planner)", t.PlannerAddr, err)
	}
	return err
}

// end is the command's result when a stream of events has ended.
func (t plannerTarget) end(err error, v *view) error {
	switch {
	case err != io.EOF:
		return t.explain(err)
	case v.state == plannerv1.SearchState_SEARCH_STATE_CANCELLED:
		return errInterrupted
	case v.state == plannerv1.SearchState_SEARCH_STATE_FAILED:
		return fmt.Errorf("no answer: %s", v.failure)
	}
	return nil
}
