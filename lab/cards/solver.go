package cards

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	policyengine "github.com/ponder-mesh/ponder/services/policy/engine/pocket"
)

// concurrent is how many searches a solver runs at a time.
const concurrent = 16

// A solver solves pocket problems with one policy, and no verifier, by searches of a mesh
// in this process.
type solver struct {
	model  evidence.Identity
	mesh   *mesh.Mesh
	engine *pocket.Engine
}

// An outcome is how a search ended, and its tree.
type outcome struct {
	answer string
	nodes  []planner.Node // parents before children
}

// newSolver starts the mesh of a policy: a shipped one, or that of a GGUF file if file is
// not empty. What the store holds is not generated again.
func newSolver(ctx context.Context, name, file string, store backend.Store) (_ *solver, err error) {
	var m *pocket.Model
	if file != "" {
		m, err = openFile(file)
	} else {
		m, err = models.Open(name)
	}
	if err != nil {
		return nil, err
	}
	s := &solver{model: identity(m.Identity()), engine: pocket.NewEngine(m, pocket.Options{})}
	config := mesh.Config{Policy: policyengine.New(s.engine), Provider: "pocket", Store: store}
	if s.mesh, err = mesh.Start(ctx, config); err != nil {
		return nil, errors.Join(err, s.engine.Close())
	}
	return s, nil
}

// Close stops the mesh.
func (s *solver) Close() error { return errors.Join(s.mesh.Close(), s.engine.Close()) }

// solveAll runs a search of each problem. The request is the same for all but for the problem.
func (s *solver) solveAll(ctx context.Context, ps []problems.Problem, ask planner.Request) ([]outcome, error) {
	all := make([]outcome, len(ps))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	for i, p := range ps {
		group.Go(func() (err error) {
			r := ask
			r.Problem = p.Text
			if all[i], err = s.solve(ctx, r); err != nil {
				return fmt.Errorf("solve %q: %w", p.Text, err)
			}
			return nil
		})
	}
	return all, group.Wait()
}

// solve follows a search to its end. A search without an answer is no error.
func (s *solver) solve(ctx context.Context, r planner.Request) (outcome, error) {
	created, err := s.mesh.Planner.Create(ctx, r)
	if err != nil {
		return outcome{}, err
	}
	nodes := map[string]planner.Node{}
	var last planner.Event
	for event, err := range s.mesh.Planner.Watch(ctx, planner.Ref{ID: created.ID}, 0) {
		if err != nil {
			return outcome{}, err
		}
		last = event
		for _, n := range event.Nodes {
			nodes[n.ID] = n
		}
	}
	return ended(last, nodes)
}

// ended returns what a search's last event and all of its nodes say. It returns an error
// if the search did not run to its end.
func ended(last planner.Event, nodes map[string]planner.Node) (outcome, error) {
	o := last.Outcome
	switch {
	case o == nil:
		return outcome{}, errors.New("the search has no outcome")
	case o.Stop != planner.StopComplete:
		return outcome{}, fmt.Errorf("the search stopped by %v: %w", o.Stop, o.Err)
	}
	s := outcome{answer: o.Answer}
	for _, n := range nodes {
		s.nodes = append(s.nodes, n)
	}
	slices.SortFunc(s.nodes, func(a, b planner.Node) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), planner.CompareNodes(a.ID, b.ID))
	})
	return s, nil
}
