package plannerrpc

import (
	"testing"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannertest"
)

// A Client conforms to planner.Solver.
func TestConformance(t *testing.T) {
	plannertest.Run(t, func(t *testing.T, p *planner.Planner) planner.Solver {
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { Register(s, p) })
		return NewClient(server.Conn)
	})
}
