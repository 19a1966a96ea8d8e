package planner

import (
	"context"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// checkCapabilities returns the errors of models.can for the models of the policy and the verifier.
// A verifier that does not answer is asked again when the search runs.
func (p *Planner) checkCapabilities(ctx context.Context, r Request) error {
	var m models
	var err error
	if m.policy, err = p.cfg.Policy.Model(ctx); err != nil {
		return fmt.Errorf("get policy model: %w", err)
	}
	if p.cfg.Verifier != nil && r.Strategy != nil && r.Strategy.NeedsVerifier() {
		switch rewardModel, err := p.getRewardModel(ctx); {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			m.rewardModel = &rewardModel
		}
	}
	return m.can(r)
}

// can returns an error if the models of a search can surely not do what r requests: one that wraps
// policy.ErrIncapable or reasoning.ErrUnreadable, and a *reasoning.InvalidError. What is not known
// may be tried.
func (m models) can(r Request) error {
	if err := m.policy.Input.Check("problem", r.Problem, m.policy.Name); err != nil {
		return err
	}
	if err := m.canGenerate(r); err != nil {
		return err
	}
	if r.Strategy != nil {
		if err := m.canRun(r.Strategy); err != nil {
			return err
		}
		if r.Strategy.NeedsVerifier() {
			if err := m.canScore(r.Problem); err != nil {
				return err
			}
		}
	}
	if r.Choice != nil && r.Choice.By == search.ByCertainty && m.policy.LogProbs == reasoning.SupportNo {
		return m.lacks("choice", "%s needs log-probabilities of the generated tokens, which the server of %s does not send: "+
			"use another choice, or a server that sends them", r.Choice, m.policy.Name)
	}
	if r.Thinking != nil {
		return m.canThink(r)
	}
	return nil
}

// lacks returns an error that names a field that needs what a model cannot do.
func (m models) lacks(field, rule string, args ...any) error {
	return reasoning.Mark(reasoning.Invalid(field, rule, args...), policy.ErrIncapable)
}

// canGenerate returns an error if the policy's context has no room for the tokens of a child.
func (m models) canGenerate(r Request) error {
	total := m.policy.Total
	most := total - m.policy.Input.Least(r.Problem)
	if total == 0 || *r.MaxTokens <= most {
		return nil
	}
	return m.lacks("sampling.max_tokens", "must be at most %d, is %d: the server of %s refuses more than %d tokens of prompt and text together",
		max(1, most), *r.MaxTokens, m.policy.Name, total)
}

// canRun returns an error if the models cannot run a strategy, whatever the problem.
func (m models) canRun(s search.Strategy) error {
	needs, p := search.NeedsOf(s), m.policy
	const steps = "use a strategy of whole samples (greedy, majority, best-of-n, revisions)"
	switch {
	case needs.Steps && p.Counts == reasoning.SupportNo:
		return m.lacks("strategy", "%s generates steps, and the server of %s does not tell the tokens of a text that is cut: "+
			"%s, or a server that sends log-probabilities or the usage with each event, such as vLLM, SGLang or llama.cpp",
			s.Name(), p.Name, steps)
	case needs.Steps && p.Continues == reasoning.SupportNo:
		return m.lacks("strategy", "%s continues solutions, and the server of %s refuses to continue a chat (prompt template %q): "+
			"%s, or workers with another --policy-template, such as steps-chatml", s.Name(), p.Name, p.Template, steps)
	case needs.LogProbs && p.LogProbs == reasoning.SupportNo:
		return m.lacks("strategy", "%s with PUCT needs log-probabilities of steps, which the server of %s does not send: "+
			"use UCT, or a server that sends them", s.Name(), p.Name)
	case needs.Attempts && p.Attempts == reasoning.SupportNo:
		return m.lacks("strategy", "%s shows the policy its attempts, which workers of %s cannot (prompt template %q): "+
			"upgrade the workers, or use a strategy without revisions", s.Name(), p.Name, p.Template)
	case needs.Feedback && p.Template != "":
		if err := m.canComment(s); err != nil {
			return err
		}
	}
	if needs.Steps && m.rewardModel != nil && m.rewardModel.Capabilities.Steps == reasoning.SupportNo {
		return m.lacks("strategy", "%s needs scores of steps, and %s scores only whole solutions: "+
			"use best-of-n, or a process reward model", s.Name(), m.rewardModel.Name)
	}
	return nil
}

// canTakeSteps is canRun for any strategy that takes steps.
func (m models) canTakeSteps() error { return m.canRun(search.NewBeam(1)) }

// canComment returns an error if the policy's template has no place for feedback on attempts, or is
// not known.
func (m models) canComment(s search.Strategy) error {
	if format, err := template.Lookup(m.policy.Template); err != nil || format.BareAttempts {
		return reasoning.Invalid("strategy."+s.Name()+".feedback", "needs a policy with one of the prompt templates %v; %s has %q",
			template.Commentable(), m.policy.Name, m.policy.Template)
	}
	return nil
}

// canScore returns an error if the reward model cannot read a problem.
func (m models) canScore(problem string) error {
	if m.rewardModel == nil {
		return nil
	}
	err := m.rewardModel.Capabilities.Input.Check("problem", problem, m.rewardModel.Name)
	if err != nil {
		return fmt.Errorf("%w (or use a strategy that needs no verifier)", err)
	}
	return nil
}

// canThink returns an error if the policy cannot think as r requests.
func (m models) canThink(r Request) error {
	p := m.policy
	if p.Template != "" {
		if _, err := r.Thinking.Format(p.Model); err != nil {
			return err
		}
	}
	switch {
	case r.Thinking.Mode == backend.ModeAdvise:
		return nil
	case p.Stops == reasoning.SupportNo:
		return m.lacks("thinking", "is ended by a text, which workers of %s cannot: upgrade the workers", p.Name)
	case p.Counts == reasoning.SupportNo:
		return m.lacks("thinking", "is cut, and the server of %s does not tell the tokens of a text that is cut: "+
			"use mode advise, or a server that sends log-probabilities or the usage with each event", p.Name)
	case p.Continues == reasoning.SupportNo:
		return m.lacks("thinking", "is continued, and the server of %s refuses to continue a chat (prompt template %q): "+
			"use mode advise, or workers with another --policy-template, such as think-chatml", p.Name, p.Template)
	}
	return p.Input.Check("thinking.wait", r.Thinking.Wait, p.Name)
}
