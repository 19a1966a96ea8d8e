package main

import (
	"errors"
	"fmt"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

// plannerTarget names the planner.
type plannerTarget struct {
	PlannerAddr string `help:"The planner's address." default:"127.0.0.1:7700" env:"PONDER_ADDR" name:"planner-addr" aliases:"addr"`
}

// dial connects to the planner. done closes the connection.
func (t plannerTarget) dial() (solver planner.Solver, done func(), err error) {
	conn, err := serve.Dial(t.PlannerAddr)
	if err != nil {
		return nil, nil, fmt.Errorf("planner address %q: %w", t.PlannerAddr, err)
	}
	return plannerrpc.NewClient(conn), func() { _ = conn.Close() }, nil
}

// explain adds the planner's address and a remedy to an error of an unavailable planner.
func (t plannerTarget) explain(err error) error {
	if errors.Is(err, reasoning.ErrUnavailable) {
		return fmt.Errorf("planner at %s: %w (ponder doctor names what is missing, ponder dev starts a planner)",
			t.PlannerAddr, err)
	}
	return err
}
