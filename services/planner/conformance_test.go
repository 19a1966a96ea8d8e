package planner_test

import (
	"testing"

	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannertest"
)

func TestConformance(t *testing.T) {
	plannertest.Run(t, func(_ *testing.T, p *planner.Planner) planner.Solver { return p })
}
