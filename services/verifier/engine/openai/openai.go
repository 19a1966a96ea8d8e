// Package openai implements verifier.Verifier with process reward models behind HTTP
// servers.
//
// Each kind of reward model has its own input and output format: a [Family]. Some have
// a classifier head, which vLLM's /pooling serves, with all steps in one request.
// Others are language models that generate "+" or "-" after a step: one token with its
// most likely alternatives, which every server returns. The log-probabilities of the
// prompt, which few servers return, are not needed.
package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// KeyVariable is the environment variable that holds the API key for the server.
const KeyVariable = "PONDER_VERIFIER_API_KEY"

// names are the settings by which an operator chooses the server, for the remedies that
// errors name.
var names = modelserver.Names{URL: "--verifier-url", Model: "--verifier-model", Key: KeyVariable}

// A Config describes a reward model and the server that runs it.
type Config struct {
	BaseURL    string // such as "http://localhost:8000/v1"
	Model      string // name of the model on the server
	Version    string // digest of the model's weights, if known
	APIKey     string // from the environment, never from a flag: process lists show flags
	Family     Family
	Aggregator verifier.Aggregator // 0 is the family's
	Parameters int64               // active per token; 0 if unknown: FLOPs are then 0

	MaxInFlight int           // most concurrent requests to the server; 0 is 64
	Timeout     time.Duration // of one request; 0 is two minutes

	Transport http.RoundTripper // nil is a new http.Transport
}

// An Engine is a verifier.Verifier over one server.
type Engine struct {
	config Config
	model  verifier.RewardModel
	client *modelserver.Client
	slots  chan struct{}

	mu      sync.Mutex
	context int // length of the model's context, in tokens; 0: not known
}

// New checks the configuration. It does not connect to the server; Ready does.
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
	client, err := modelserver.New(modelserver.Config{
		BaseURL: c.BaseURL, Key: c.APIKey, Names: names, Transport: c.Transport,
	})
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
		model:  verifier.RewardModel{Model: model, Aggregator: c.Aggregator},
		client: client,
		slots:  make(chan struct{}, c.MaxInFlight),
	}, nil
}

// Close closes idle connections. Score must not be called afterwards.
func (e *Engine) Close() { e.client.Close() }

// RewardModel returns the configured identity, with the family as its template, and what is known
// of the server. It sends no request.
func (e *Engine) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	model := e.model
	model.Capabilities.Steps = reasoning.SupportYes // all families score steps
	if e.context > 0 {
		model.Capabilities.Input.Tokens = max(1, e.context-1) // a step has a token
	}
	return model, ctx.Err()
}

// Ready returns nil if the server answers and has the model, otherwise an error that names the
// URL. It keeps the length of the model's context, if the server tells it.
func (e *Engine) Ready(ctx context.Context) error {
	list, err := e.client.Ready(ctx, e.config.Model)
	if err != nil {
		return err
	}
	model, err := e.client.Find(list, e.config.Model)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.context = model.Context
	return nil
}
