// Package pocket implements policy.Policy with one of Ponder's own tiny transformers,
// run in this process (package pocket at the root).
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

// Policy continues solutions with a pocket engine. A step is a line. Policy shows
// earlier attempts to every model, since a model file does not record whether the model
// was trained to revise.
type Policy struct {
	engine *pocket.Engine
	model  policy.Model
	format template.Template
}

// New returns a policy over an engine, which the caller closes.
func New(engine *pocket.Engine) *Policy {
	id := engine.Model().Identity()
	format, err := template.Lookup("pocket")
	if err != nil {
		panic(err) // cannot fail: TestConformance calls New
	}
	return &Policy{engine: engine, format: format, model: policy.Model{
		Model: reasoning.Model{
			Name: id.Name, Version: id.SHA256, Tokenizer: id.Tokenizer, Template: id.Template, Parameters: int64(id.Parameters),
		},
		Capabilities: policy.Capabilities{
			Input:  reasoning.Input{Alphabet: pocket.Alphabet(), Tokens: room(engine.Model(), format)},
			Counts: reasoning.SupportYes, LogProbs: reasoning.SupportYes, Continues: reasoning.SupportYes,
			Attempts: reasoning.SupportYes, Stops: reasoning.SupportYes,
		},
	}}
}

// room returns the most tokens of a problem: the rest of the prompt, the beginning of the text and
// a generated token also have to fit.
func room(m *pocket.Model, format template.Template) int {
	own := len(format.Prompt(template.Text{}))
	return min(m.Context()-2, pocket.MaxPromptLength) - own
}

// Model implements policy.Policy.
func (p *Policy) Model(context.Context) (policy.Model, error) { return p.model, nil }

// Expand implements policy.Policy.
func (p *Policy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		if !r.Model.Accepts(p.model.Model) {
			yield(policy.Child{}, fmt.Errorf("%w: want %q, have %q", policy.ErrModel, r.Model.Name, p.model.Name))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		start, charged, brokenOff := time.Now(), false, false
		for child, err := range p.engine.Generate(ctx, p.request(r)) {
			switch {
			case brokenOff:
				r.Wasted(reasoning.WastedBy(context.Canceled, p.usage(child.Usage)))
				continue
			case err != nil:
				yield(policy.Child{Usage: p.usage(child.Usage)}, domainError(err))
				return
			}
			c := p.child(r, child, time.Since(start))
			if charged { // a Policy charges the prefix once; the engine reports it for each sibling, as cached
				c.Usage.Prompt, c.Usage.Cached = 0, 0
			}
			charged = true
			if !yield(c, nil) {
				brokenOff = true
				cancel() // and get what the other children have cost
			}
		}
	}
}

func (p *Policy) request(r policy.Request) pocket.Request {
	out := pocket.Request{
		Prompt:    p.format.Prompt(template.Text{Problem: r.Problem, Attempts: r.Attempts, Steps: r.Steps}),
		MaxTokens: r.Sampling.MaxTokens, MaxSteps: r.Span, Stop: r.Stop,
		Temperature: r.Sampling.Temperature, TopP: r.Sampling.TopP,
	}
	if r.OnProgress != nil {
		out.Progress = func(index, generated int) {
			r.OnProgress(r.Ordinals[index], p.usage(pocket.Usage{Generated: generated}))
		}
	}
	for _, ordinal := range r.Ordinals {
		out.Seeds = append(out.Seeds, uint64(r.Seed.Child(ordinal)))
	}
	return out
}

func (p *Policy) child(r policy.Request, c pocket.Child, took time.Duration) policy.Child {
	out := policy.Child{
		Ordinal:  r.Ordinals[c.Index],
		Finish:   finishes[c.Finish],
		Usage:    p.usage(c.Usage),
		Generate: took,
	}
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, reasoning.Step{Text: s.Text, Tokens: s.Tokens, LogProb: s.LogProb})
	}
	return out
}

var finishes = map[pocket.Finish]reasoning.Finish{
	pocket.FinishSteps:  reasoning.FinishStep,
	pocket.FinishEnd:    reasoning.FinishEnd,
	pocket.FinishLength: reasoning.FinishLength,
}

func (p *Policy) usage(u pocket.Usage) reasoning.Usage {
	prompt, generated := int64(u.Prompt-u.Cached), int64(u.Generated)
	return reasoning.Usage{
		Generated: generated,
		Prompt:    prompt,
		Cached:    int64(u.Cached),
		FLOPs:     p.model.FLOPs(prompt + generated),
	}
}

// domainError maps an engine's error to those of package reasoning.
func domainError(err error) error {
	switch {
	case errors.Is(err, pocket.ErrRequest):
		return reasoning.Mark(err, reasoning.ErrInvalid)
	case errors.Is(err, pocket.ErrClosed):
		return reasoning.Mark(err, reasoning.ErrUnavailable)
	}
	return err
}
