// Package openai is the body of policy.Policy that runs models behind HTTP
// servers: vLLM, SGLang, llama.cpp, ollama, and others that speak OpenAI's
// completions or chat API.
//
// The servers differ in what an orchestrator must know: whether a text ended or
// met the step's delimiter, and what it cost. Each [Dialect] asks in the way in
// which its server tells most; where it does not tell how a text ended, the text is
// streamed without a stop string and cut here, and the rest is called off.
//
// A child is one request with its own seed. Siblings share their prefix through
// the server's prefix cache.
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
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A Config says where a model is and how to speak to it.
type Config struct {
	BaseURL    string // such as "http://localhost:8000/v1"
	Model      string // as the server calls it
	Version    string // a digest of its weights, where somebody knows one
	APIKey     string // from the environment, never from a flag: flags are seen in process lists
	Template   template.Template
	Dialect    Dialect // empty is Auto
	Parameters int64   // that one token activates; 0 if not known: then FLOPs are 0

	MaxInFlight int           // most requests at the server at once; 0 is 64
	Idle        time.Duration // longest wait for a stream's next event, the first included; 0 is two minutes

	// SharedSeed asks for all children of a request at once, by n, where the server
	// can. It spares servers without a prefix cache, but siblings then have one
	// seed together: a child is no longer a function of its own, and best-of-64 no
	// longer a part of best-of-256.
	SharedSeed bool

	Transport http.RoundTripper // nil is one of its own
}

// An Engine is a policy.Policy over one server.
type Engine struct {
	config Config
	model  reasoning.Model
	client *modelserver.Client
	slots  chan struct{}

	mu      sync.Mutex
	dialect Dialect // what Auto found
	single  bool    // the server was seen to make one choice of n
}

// New checks the configuration. It does not talk to the server; Ready does.
func New(c Config) (*Engine, error) {
	switch {
	case c.Model == "":
		return nil, errors.New("openai: model: must not be empty")
	case c.Template.Name == "":
		return nil, errors.New("openai: template: must be one of package template's")
	case c.MaxInFlight < 0:
		return nil, fmt.Errorf("openai: max in flight: must not be negative, is %d", c.MaxInFlight)
	case c.Idle < 0:
		return nil, fmt.Errorf("openai: idle: must not be negative, is %v", c.Idle)
	case c.Parameters < 0:
		return nil, fmt.Errorf("openai: parameters: must not be negative, are %d", c.Parameters)
	}
	if c.Dialect == "" {
		c.Dialect = DialectAuto
	}
	if _, err := ParseDialect(string(c.Dialect)); err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	client, err := modelserver.New(c.BaseURL, c.APIKey, c.Transport)
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 64
	}
	if c.Idle == 0 {
		c.Idle = 2 * time.Minute
	}
	return &Engine{
		config:  c,
		model:   reasoning.Model{Name: c.Model, Version: c.Version, Template: c.Template.Name, Parameters: c.Parameters},
		client:  client,
		slots:   make(chan struct{}, c.MaxInFlight),
		dialect: c.Dialect,
	}, nil
}

// Close lets idle connections go. Nothing may be expanded afterwards.
func (e *Engine) Close() { e.client.Close() }

// Model is as configured; its template is the Template's name.
func (e *Engine) Model(ctx context.Context) (reasoning.Model, error) { return e.model, ctx.Err() }

// Ready returns an error that names the URL unless the server answers and has the
// model.
func (e *Engine) Ready(ctx context.Context) error {
	err := e.client.Ready(ctx, e.config.Model)
	if errors.Is(err, modelserver.ErrNoModel) {
		return fmt.Errorf("%w: %w", policy.ErrModel, err)
	}
	return err
}
