// Package openai implements policy.Policy with models behind HTTP servers: vLLM,
// SGLang, llama.cpp, ollama, and others that implement OpenAI's completions or chat
// API.
//
// An orchestrator must know whether a text ended or reached the step's delimiter, and
// how many tokens it cost; servers differ in how they report both. Each [Dialect] uses
// the endpoint and the options with which its server reports most. Where a server does
// not report how a text ended, the engine streams the text without a stop string, cuts
// it itself and cancels the rest.
//
// A child is one request with its own seed. Siblings share their prefix through the
// server's prefix cache. A text that the server aborts is continued by another request.
//
// Thinking that the server sends apart from the text (reasoning, reasoning_content) is part
// of the child, between the marks of the prompt template. The engine itself cuts a text at
// its limit of tokens, if the server does not, and closes the stream.
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

// A Config describes a model and the server that runs it.
type Config struct {
	BaseURL    string // such as "http://localhost:8000/v1"
	Model      string // name of the model on the server
	Version    string // digest of the model's weights, if known
	APIKey     string // from the environment, never from a flag: process lists show flags
	Template   template.Template
	Dialect    Dialect // empty is DialectAuto
	Parameters int64   // active per token; 0 if unknown: FLOPs are then 0

	MaxInFlight int           // most concurrent requests to the server; 0 is 64
	Idle        time.Duration // longest wait for the next bytes of a stream; 0 is two minutes

	// SharedSeed requests all children of a prefix as n choices of one request, if the
	// server supports n. This helps servers without a prefix cache, but siblings then
	// share one seed: a child is no longer a function of its own seed, and the samples
	// of best-of-64 are no longer among those of best-of-256.
	SharedSeed bool

	Transport http.RoundTripper // nil is a new http.Transport
}

// An Engine is a policy.Policy over one server.
type Engine struct {
	config Config
	model  reasoning.Model
	client *modelserver.Client
	slots  chan struct{}

	open       context.Context // until Close
	close      context.CancelFunc
	background sync.WaitGroup // of probes

	mu        sync.Mutex
	dialect   Dialect             // as configured, or as detected
	single    bool                // the server does not support n
	context   int                 // length of the model's context, in tokens; 0: not known
	shown     policy.Capabilities // that responses have shown: Counts, LogProbs and Continues
	probing   chan struct{}       // closed at the end of the probe that runs; nil: none
	probed    bool                // a probe has ended, and another would show nothing new
	nextProbe time.Time           // not before
}

// New checks the configuration. It does not connect to the server; Ready does.
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
	client, err := modelserver.New(modelserver.Config{
		BaseURL: c.BaseURL, Key: c.APIKey, Names: names, Transport: c.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 64
	}
	if c.Idle == 0 {
		c.Idle = 2 * time.Minute
	}
	e := &Engine{
		config:  c,
		model:   reasoning.Model{Name: c.Model, Version: c.Version, Template: c.Template.Name, Parameters: c.Parameters},
		client:  client,
		slots:   make(chan struct{}, c.MaxInFlight),
		dialect: c.Dialect,
	}
	e.open, e.close = context.WithCancel(context.Background())
	return e, nil
}

// Close ends a probe and closes idle connections. Expand and Ready must not be called afterwards.
func (e *Engine) Close() {
	e.close()
	e.background.Wait()
	e.client.Close()
}

// Model returns the configured identity, with the name of the template, and what is known of the
// server. It sends no request.
func (e *Engine) Model(ctx context.Context) (policy.Model, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return policy.Model{Model: e.model, Capabilities: e.capabilities()}, ctx.Err()
}

// Ready returns nil if the server answers and has the model, otherwise an error that names the
// URL. It asks the server for the length of the model's context, if the server tells it, and
// waits for the end of a probe, if one is needed.
func (e *Engine) Ready(ctx context.Context) error {
	list, err := e.client.Ready(ctx, e.config.Model)
	if errors.Is(err, modelserver.ErrNoModel) {
		return reasoning.Mark(err, policy.ErrModel)
	}
	if err != nil {
		return err
	}
	model, err := e.client.Find(list, e.config.Model)
	if err != nil {
		return err
	}
	d := e.learnDialect(list)
	length := model.Context
	if d == DialectLlamaCpp {
		length = e.client.LlamaContext(ctx)
	}
	e.mu.Lock()
	e.context = length
	e.mu.Unlock()
	return e.probe(ctx)
}
