// Package pocket implements verifier.Verifier with one of Ponder's own tiny
// transformers, run in this process (package pocket at the root).
package pocket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Verifier scores steps with a pocket reward model. A step is a line.
type Verifier struct {
	model    *pocket.RewardModel
	identity verifier.RewardModel
}

// New returns a verifier over a reward model.
func New(model *pocket.RewardModel) (*Verifier, error) {
	id := model.Identity()
	aggregator, err := verifier.ParseAggregator(model.Aggregator())
	if err != nil {
		return nil, fmt.Errorf("pocket reward model %s: %w", id.Name, err)
	}
	return &Verifier{model: model, identity: verifier.RewardModel{
		Model: reasoning.Model{
			Name: id.Name, Version: id.SHA256, Tokenizer: id.Tokenizer, Template: id.Template, Parameters: int64(id.Parameters),
		},
		Aggregator: aggregator,
		Capabilities: verifier.Capabilities{
			// The beginning of the text, the end of the problem and a step also have to fit.
			Input: reasoning.Input{Alphabet: pocket.Alphabet(), Tokens: min(model.Context()-3, pocket.MaxPromptLength)},
			Steps: reasoning.SupportYes,
		},
	}}, nil
}

// RewardModel implements verifier.Verifier.
func (v *Verifier) RewardModel(context.Context) (verifier.RewardModel, error) { return v.identity, nil }

// Score implements verifier.Verifier.
func (v *Verifier) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	start := time.Now()
	scores, usage, err := v.model.Score(ctx, r.Problem, r.Steps)
	switch {
	case errors.Is(err, pocket.ErrRequest):
		return verifier.Result{}, reasoning.Mark(err, reasoning.ErrInvalid)
	case errors.Is(err, pocket.ErrClosed):
		return verifier.Result{}, reasoning.Mark(err, reasoning.ErrUnavailable)
	case err != nil:
		return verifier.Result{}, err
	}
	read := int64(usage.Prompt - usage.Cached)
	result := verifier.Result{
		Scores: scores, Took: time.Since(start),
		Usage: reasoning.Usage{Verifier: read, Cached: int64(usage.Cached), FLOPs: v.identity.FLOPs(read)},
	}
	if err := r.Check(scores); err != nil {
		return verifier.Failed(result.Cost(), err), err
	}
	return result, nil
}
