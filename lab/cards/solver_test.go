package cards

import (
	"testing"

	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// startSolver returns a solver of a policy without a verifier, until the test ends.
func startSolver(t *testing.T, policy string) *solver {
	t.Helper()
	s, err := newSolver(t.Context(), policy, "", backend.NewMemory(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
