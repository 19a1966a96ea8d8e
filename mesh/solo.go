package mesh

import (
	"context"
	"fmt"
	"iter"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A solo estimates as searches are run where bills are solo: what is recorded is not
// asked for again, and an estimate costs what it would cost alone, whatever is recorded.
type solo struct {
	models
	store    backend.Store
	identity backend.Identity
	text     *difficulty.PromptModel
}

// models are a policy and a verifier, nil is none.
type models struct {
	policy.Policy
	verifier.Verifier
}

func soloEstimators(ctx context.Context, p policy.Policy, v verifier.Verifier, c Config) (difficulty.Estimator, error) {
	s := &solo{models: models{p, v}, store: c.Store, text: c.Prompt}
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
func (s *solo) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	id := s.identity
	id.Tenant = r.Tenant
	recalled := remembered{backend.Solo(backend.Memo(s.models, s.store, id)), s.models}
	var judge verifier.Verifier
	if s.Verifier != nil {
		judge = recalled
	}
	return difficulty.All(recalled, judge, s.text).Estimate(ctx, r)
}

// remembered is models whose results are recorded.
type remembered struct {
	*backend.Soloed
	models models
}

func (r remembered) Model(ctx context.Context) (reasoning.Model, error) { return r.models.Model(ctx) }
func (r remembered) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	return r.models.RewardModel(ctx)
}
