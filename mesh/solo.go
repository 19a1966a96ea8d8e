package mesh

import (
	"context"
	"fmt"
	"iter"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A soloEstimator reuses recorded results, and bills an estimate as if nothing were recorded.
// See backend.Solo.
type soloEstimator struct {
	models
	store    backend.Store
	identity backend.Identity
	prompt   *difficulty.PromptModel
}

// models holds a policy and a verifier; Verifier is nil if there is none.
type models struct {
	policy.Policy
	verifier.Verifier
}

// soloEstimators returns the estimators of c over p and v, with solo bills.
func soloEstimators(ctx context.Context, p policy.Policy, v verifier.Verifier, c Config) (difficulty.Estimator, error) {
	s := &soloEstimator{models: models{p, v}, store: c.Store, prompt: c.Prompt}
	s.identity.Policy = c.Queue.Model
	if v != nil {
		var err error
		if s.identity.RewardModel, err = c.Verifier.RewardModel(ctx); err != nil {
			return nil, fmt.Errorf("get reward model: %w", err)
		}
	}
	return s, nil
}

// Estimate implements difficulty.Estimator.
func (s *soloEstimator) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	id := s.identity
	id.Tenant = r.Tenant
	recorded := recordedModels{backend.Solo(backend.Memo(s.models, s.store, id)), s.models}
	var scorer verifier.Verifier
	if s.Verifier != nil {
		scorer = recorded
	}
	return difficulty.All(recorded, scorer, s.prompt).Estimate(ctx, r)
}

// recordedModels is a Policy and a Verifier whose results are recorded and reused.
type recordedModels struct {
	*backend.Soloed
	models models
}

// Model implements policy.Policy.
func (r recordedModels) Model(ctx context.Context) (policy.Model, error) {
	return r.models.Model(ctx)
}

// RewardModel implements verifier.Verifier.
func (r recordedModels) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	return r.models.RewardModel(ctx)
}
