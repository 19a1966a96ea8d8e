package main

import (
	"fmt"

	"github.com/ponder-mesh/ponder/internal/serve"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
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
