package planner

import (
	"context"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// models holds the models of a search and their properties.
type models struct {
	policy      policy.Model
	rewardModel *verifier.RewardModel // nil: there is no verifier, or it does not answer
	profile     *profile.Profile      // of these models; nil: there is none, or they can run none of its strategies
	format      template.Template     // of the policy, if the request has a Thinking
	degraded    []string              // texts for Outcome.Degraded
}

// getModels returns the models that policy and verifier serve. If the verifier does not
// answer, the search is degraded.
func (p *Planner) getModels(ctx context.Context, r Request) (m models, err error) {
	if m.policy, err = p.cfg.Policy.Model(ctx); err != nil {
		return m, fmt.Errorf("get policy model: %w", err)
	}
	if r.Thinking != nil {
		if m.format, err = r.Thinking.Format(m.policy.Model); err != nil {
			return m, err
		}
	}
	if r.Strategy != nil && search.NeedsOf(r.Strategy).Feedback { // also if the template is not known
		if err := m.canComment(r.Strategy); err != nil {
			return m, err
		}
	}
	if p.cfg.Verifier != nil {
		rewardModel, err := p.getRewardModel(ctx)
		switch {
		case ctx.Err() != nil:
			return m, context.Cause(ctx)
		case err != nil:
			m.degraded = append(m.degraded, fmt.Sprintf("searched without a verifier: %v", err))
		default:
			m.rewardModel = &rewardModel
		}
	}
	if err := m.can(r); err != nil {
		return m, err
	}
	if r.Strategy == nil {
		if err := m.canScore(r.Problem); err != nil {
			m.rewardModel = nil
			m.degraded = append(m.degraded, fmt.Sprintf("searched without a verifier: %v", err))
		}
	}
	m.profile = p.cfg.profileOf(m)
	return m, nil
}

// profileOf returns the profile of models, with the strategies that they can run, or nil.
func (c Config) profileOf(m models) *profile.Profile {
	if c.Profiles == nil {
		return nil
	}
	if found := c.Profiles.For(m.policy.Model, m.rewardModel); found != nil {
		return found.For(m.canRun)
	}
	return nil
}

// getRewardModel returns the reward model of the verifier. It waits at most VerifierTimeout.
func (p *Planner) getRewardModel(ctx context.Context) (verifier.RewardModel, error) {
	ctx, stop := context.WithTimeout(ctx, p.cfg.VerifierTimeout)
	defer stop()
	return p.cfg.Verifier.RewardModel(ctx)
}

// identity returns the identity of the recorded results that a tenant's search may use.
func (m models) identity(tenant string) backend.Identity {
	id := backend.Identity{Tenant: tenant, Policy: m.policy.Model}
	if m.rewardModel != nil {
		id.RewardModel = *m.rewardModel
	}
	return id
}

// rewardModelOrNone returns the reward model, or the zero value if there is none.
func (m models) rewardModelOrNone() reasoning.Model {
	if m.rewardModel == nil {
		return reasoning.Model{}
	}
	return m.rewardModel.Model
}

// Models implements Solver.
func (p *Planner) Models(ctx context.Context) (Models, error) {
	model, err := p.cfg.Policy.Model(ctx)
	if err != nil {
		return Models{}, fmt.Errorf("get policy model: %w", err)
	}
	found := Models{Policies: []policy.Model{model}}
	if p.cfg.Verifier == nil {
		return found, nil
	}
	switch rewardModel, err := p.getRewardModel(ctx); {
	case err == nil:
		found.Verifiers = append(found.Verifiers, rewardModel)
	case ctx.Err() != nil:
		return Models{}, context.Cause(ctx)
	}
	return found, nil
}

// resolveModels returns r without the names of its models if the planner serves them. It
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
		rewardModel, err := p.getRewardModel(ctx)
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
