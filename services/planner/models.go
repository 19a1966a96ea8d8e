package planner

import (
	"context"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Models implements Solver.
func (p *Planner) Models(ctx context.Context) (Models, error) {
	policy, err := p.cfg.Policy.Model(ctx)
	if err != nil {
		return Models{}, fmt.Errorf("get policy model: %w", err)
	}
	models := Models{Policies: []reasoning.Model{policy}}
	if p.cfg.Verifier == nil {
		return models, nil
	}
	switch rewardModel, err := p.rewardModel(ctx); {
	case err == nil:
		models.Verifiers = append(models.Verifiers, rewardModel)
	case ctx.Err() != nil:
		return Models{}, context.Cause(ctx)
	}
	return models, nil
}

// rewardModel returns the verifier's reward model, or an error after VerifierTimeout.
func (p *Planner) rewardModel(ctx context.Context) (verifier.RewardModel, error) {
	ctx, stop := context.WithTimeout(ctx, p.cfg.VerifierTimeout)
	defer stop()
	return p.cfg.Verifier.RewardModel(ctx)
}

// resolveModels returns r without the models that it names, which are the planner's. It
// returns a *reasoning.InvalidError if r names a model that is not served.
func (p *Planner) resolveModels(ctx context.Context, r Request) (Request, error) {
	if r.Policy != "" {
		policy, err := p.cfg.Policy.Model(ctx)
		switch {
		case err != nil:
			return r, fmt.Errorf("get policy model: %w", err)
		case r.Policy != policy.Name:
			return r, reasoning.Invalid("policy", "%q is not served: must be empty or %q", r.Policy, policy.Name)
		}
		r.Policy = ""
	}
	switch {
	case r.Verifier == "":
	case p.cfg.Verifier == nil:
		return r, reasoning.Invalid("verifier", "%q is not served: must be empty, as there is none", r.Verifier)
	default:
		rewardModel, err := p.rewardModel(ctx)
		switch {
		case err != nil:
			return r, fmt.Errorf("get reward model: %w", err)
		case r.Verifier != rewardModel.Name:
			return r, reasoning.Invalid("verifier", "%q is not served: must be empty or %q", r.Verifier, rewardModel.Name)
		}
		r.Verifier = ""
	}
	return r, nil
}
