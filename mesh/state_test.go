package mesh_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Searches outlive a mesh with a directory: the next mesh with that directory continues them, and
// generates no child again that had arrived; ended searches are kept.
func TestSearchesOutliveTheMesh(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		// Child i takes i+1 seconds.
		lock := searchtest.NewLock(0.6, func(_ policy.Request, ordinal int) time.Duration { return time.Duration(ordinal+1) * time.Second })
		config := mesh.Config{Policy: lock, State: t.TempDir(), Slots: 64}
		run := func(body func(s planner.Solver)) {
			m, err := mesh.Start(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			body(m.Planner)
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
		create := func(s planner.Solver, n int) planner.Ref {
			created, err := s.Create(t.Context(), planner.Request{Problem: "31415", Strategy: search.Majority{N: n, Exhaustive: true}})
			if err != nil || !created.Stored {
				t.Fatalf("Create: stored %v, error %v", created.Stored, err)
			}
			return planner.Ref{ID: created.ID}
		}
		var short, long planner.Ref
		run(func(s planner.Solver) {
			short, long = create(s, 2), create(s, 32)
			time.Sleep(16500 * time.Millisecond)
		})
		if generated := children(lock); generated < 16 {
			t.Errorf("%d children were generated before the mesh stopped, want 16 or more", generated)
		}
		run(func(s planner.Solver) {
			ended, err := s.Get(t.Context(), short)
			if err != nil || ended.State != planner.StateSucceeded {
				t.Errorf("the search that had ended: got state %v and error %v", ended.State, err)
			}
			resumed, err := s.Wait(t.Context(), long, time.Hour)
			if err != nil || resumed.State != planner.StateSucceeded || resumed.Nodes != 32 {
				t.Errorf("the resumed search: got state %v, %d nodes and error %v", resumed.State, resumed.Nodes, err)
			}
		})
		if generated := children(lock); generated != 2+32 {
			t.Errorf("%d children were generated in all, want each of 34 once", generated)
		}
	})
}

// children returns how many children a lock has generated.
func children(lock *searchtest.Lock) (n int) {
	for _, c := range lock.Calls() {
		n += len(c.Yielded)
	}
	return n
}
