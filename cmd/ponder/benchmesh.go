package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// benchServices holds the services that a bench calls. close stops those of this process.
type benchServices struct {
	planner    planner.Solver
	difficulty difficulty.Estimator
	close      func() error
}

// start starts a mesh in this process, and sets the models and profiles of the header.
func (c benchFlags) start(ctx context.Context, store backend.Store, profiles []string,
	header *bench.Header) (_ benchServices, err error) {
	models, err := c.open()
	if err != nil {
		return benchServices{}, err
	}
	fail := func(err error) (benchServices, error) { return benchServices{}, errors.Join(err, models.close()) }
	if err := models.identify(ctx, header); err != nil {
		return fail(err)
	}
	profileStore, digest, err := readProfiles(profiles)
	if err != nil {
		return fail(err)
	}
	header.Profiles = digest
	m, err := mesh.Start(ctx, mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.verifierOrNil(),
		Slots: c.Policy.Slots, Store: store, Solo: true, Profiles: profileStore,
	})
	if err != nil {
		return fail(err)
	}
	return benchServices{m.Planner, m.Difficulty, func() error { return errors.Join(m.Close(), models.close()) }}, nil
}

// identify sets the models of a header.
func (o openModels) identify(ctx context.Context, h *bench.Header) error {
	model, err := o.policy.Model(ctx)
	if err != nil {
		return fmt.Errorf("get policy model: %w", err)
	}
	h.Policy = model.Model
	if o.verifier == nil {
		return nil
	}
	if h.Verifier, err = o.verifier.RewardModel(ctx); err != nil {
		return fmt.Errorf("get reward model: %w", err)
	}
	return nil
}
