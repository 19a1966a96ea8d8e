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

// concurrent is the number of searches that a solver runs at the same time.
const concurrent = 16

// A solver solves pocket problems by searches of a mesh in this process, with one policy and without a
// verifier.
type solver struct {
	model  evidence.Identity
	mesh   *mesh.Mesh
	engine *pocket.Engine
}

// An outcome holds a search's answer and its tree.
type outcome struct {
	answer string
	nodes  []planner.Node // parents before children
}

// newSolver starts a mesh with the policy in a GGUF file or, if file is empty, with the shipped policy of this
// name. Samples in the store are not generated again.
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
	config := mesh.Config{Policy: policyengine.New(s.engine), Provider: func() string { return "pocket" }, Store: store}
	if s.mesh, err = mesh.Start(ctx, config); err != nil {
		return nil, errors.Join(err, s.engine.Close())
	}
	return s, nil
}

// Close stops the mesh.
func (s *solver) Close() error { return errors.Join(s.mesh.Close(), s.engine.Close()) }

// solveAll runs a search of each problem. The requests differ only in the problem.
func (s *solver) solveAll(ctx context.Context, ps []problems.Problem, request planner.Request) ([]outcome, error) {
	all := make([]outcome, len(ps))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	for i, p := range ps {
		group.Go(func() (err error) {
			r := request
			r.Problem = p.Text
			if all[i], err = s.solve(ctx, r); err != nil {
				return fmt.Errorf("solve %q: %w", p.Text, err)
			}
			return nil
		})
	}
	return all, group.Wait()
}

// solve runs a search to its end. A search without an answer is not an error.
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

// ended returns the outcome of a search from its last event and its nodes. It returns an error if the search
// stopped early.
func ended(last planner.Event, nodes map[string]planner.Node) (outcome, error) {
	o := last.Outcome
	switch {
	case o == nil:
		return outcome{}, errors.New("the search ended without an outcome: run the command again")
	case o.Stop != planner.StopComplete:
		return outcome{}, fmt.Errorf("the search stopped with %v: %w", o.Stop, o.Err)
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
