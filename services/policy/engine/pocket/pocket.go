// Package pocket is a policy.Policy whose model is one of Ponder's own tiny
// transformers, run in this process (package pocket at the root).
package pocket

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Policy continues solutions with a pocket engine. A step is a line. Earlier attempts
// are shown to any model: whether it was trained to revise, its file does not say.
type Policy struct {
	engine *pocket.Engine
	model  reasoning.Model
	format template.Template
}

// New is a policy over an engine, which the caller closes.
func New(engine *pocket.Engine) *Policy {
	id := engine.Model().Identity()
	format, err := template.Lookup("pocket")
	if err != nil {
		panic(err) // it is there: a test asks for it
	}
	return &Policy{engine: engine, format: format, model: reasoning.Model{
		Name: id.Name, Version: id.SHA256, Tokenizer: id.Tokenizer, Template: id.Template, Parameters: int64(id.Parameters),
	}}
}

// Model implements policy.Policy.
func (p *Policy) Model(context.Context) (reasoning.Model, error) { return p.model, nil }

// Expand implements policy.Policy.
func (p *Policy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		if !r.Model.Accepts(p.model) {
			yield(policy.Child{}, fmt.Errorf("%w: this is %s, the request wants %s", policy.ErrModel, p.model.Name, r.Model.Name))
			return
		}
		start, charged := time.Now(), false
		for child, err := range p.engine.Generate(ctx, p.request(r)) {
			if err != nil {
				yield(policy.Child{Usage: p.usage(child.Usage)}, failure(err))
				return
			}
			c := p.child(r, child, time.Since(start))
			if charged { // to pocket the siblings' prefix is cached, to a Policy it is the first child's
				c.Usage.Prompt, c.Usage.Cached = 0, 0
			}
			charged = true
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (p *Policy) request(r policy.Request) pocket.Request {
	out := pocket.Request{
		Prompt:    p.format.Prompt(template.Text{Problem: r.Problem, Attempts: r.Attempts, Steps: r.Steps}),
		MaxTokens: r.Sampling.MaxTokens, MaxSteps: r.Span, Stop: r.Stop, Temperature: r.Sampling.Temperature, TopP: r.Sampling.TopP,
	}
	for _, ordinal := range r.Ordinals {
		out.Seeds = append(out.Seeds, uint64(r.Seed.Child(ordinal)))
	}
	return out
}

func (p *Policy) child(r policy.Request, c pocket.Child, took time.Duration) policy.Child {
	out := policy.Child{
		Ordinal: r.Ordinals[c.Index], Generate: took,
		Finish: map[pocket.Finish]reasoning.Finish{
			pocket.FinishSteps: reasoning.FinishStep, pocket.FinishEnd: reasoning.FinishEnd, pocket.FinishLength: reasoning.FinishLength,
		}[c.Finish],
		Usage: p.usage(c.Usage),
	}
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, reasoning.Step{Text: s.Text, Tokens: s.Tokens, LogProb: s.LogProb})
	}
	return out
}

func (p *Policy) usage(u pocket.Usage) reasoning.Usage {
	read, generated := int64(u.Prompt-u.Cached), int64(u.Generated)
	return reasoning.Usage{Generated: generated, Prompt: read, Cached: int64(u.Cached), FLOPs: p.model.FLOPs(read + generated)}
}

// failure is an engine's error in the domain's terms.
func failure(err error) error {
	switch {
	case errors.Is(err, pocket.ErrRequest):
		return fmt.Errorf("%w: %w", reasoning.ErrInvalid, err)
	case errors.Is(err, pocket.ErrClosed):
		return fmt.Errorf("%w: %w", reasoning.ErrUnavailable, err)
	}
	return err
}
