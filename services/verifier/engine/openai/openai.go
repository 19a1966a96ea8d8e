// Package openai is the body of verifier.Verifier that asks process reward models
// behind HTTP servers.
//
// Reward models are fed and read each in its own way: a [Family] is such a way.
// Some have a head of their own, which vLLM's /pooling serves, with all steps in
// one request. Others are language models that say "+" or "-" after a step: one
// token with its likeliest rivals, which every server can be asked for. Prompts'
// own log-probabilities are never needed; few servers tell them.
package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Config says where a reward model is and how it is asked.
type Config struct {
	BaseURL    string // such as "http://localhost:8000/v1"
	Model      string // as the server calls it
	Version    string // a digest of its weights, where somebody knows one
	APIKey     string // from the environment, never from a flag: flags are seen in process lists
	Family     Family
	Aggregator verifier.Aggregator // 0 is the family's
	Parameters int64               // that one token activates; 0 if not known: then FLOPs are 0

	MaxInFlight int           // most requests at the server at once; 0 is 64
	Timeout     time.Duration // of one request; 0 is two minutes

	Transport http.RoundTripper // nil is one of its own
}

// An Engine is a verifier.Verifier over one server.
type Engine struct {
	config Config
	judge  verifier.RewardModel
	client *modelserver.Client
	slots  chan struct{}
}

// New checks the configuration. It does not talk to the server; Ready does.
func New(c Config) (*Engine, error) {
	switch {
	case c.Model == "":
		return nil, errors.New("openai: model: must not be empty")
	case c.Family.Name == "":
		return nil, errors.New("openai: family: must be one of Lookup's")
	case c.Aggregator < 0 || c.Aggregator > verifier.AggregatorProd:
		return nil, fmt.Errorf("openai: aggregator: must be one of package verifier's, is %d", c.Aggregator)
	case c.Parameters < 0:
		return nil, fmt.Errorf("openai: parameters: must not be negative, are %d", c.Parameters)
	case c.MaxInFlight < 0:
		return nil, fmt.Errorf("openai: max in flight: must not be negative, is %d", c.MaxInFlight)
	case c.Timeout < 0:
		return nil, fmt.Errorf("openai: timeout: must not be negative, is %v", c.Timeout)
	}
	client, err := modelserver.New(c.BaseURL, c.APIKey, c.Transport)
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	if c.Aggregator == 0 {
		c.Aggregator = c.Family.Aggregator
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 64
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Minute
	}
	model := reasoning.Model{Name: c.Model, Version: c.Version, Template: c.Family.Name, Parameters: c.Parameters}
	return &Engine{
		config: c,
		judge:  verifier.RewardModel{Model: model, Aggregator: c.Aggregator},
		client: client,
		slots:  make(chan struct{}, c.MaxInFlight),
	}, nil
}

// Close lets idle connections go. Nothing may be scored afterwards.
func (e *Engine) Close() { e.client.Close() }

// RewardModel is as configured; its template is the family.
func (e *Engine) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	return e.judge, ctx.Err()
}

// Ready returns an error that names the URL unless the server answers and has the
// model.
func (e *Engine) Ready(ctx context.Context) error { return e.client.Ready(ctx, e.config.Model) }
