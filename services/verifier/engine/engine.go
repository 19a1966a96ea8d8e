// Package engine opens the verifier.Verifier that a command line selects: a shipped
// pocket reward model, or one behind a server.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	root "github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/engine/openai"
	"github.com/ponder-mesh/ponder/services/verifier/engine/pocket"
)

// Config selects an engine. Its struct tags define command-line flags (kong).
type Config struct {
	Pocket     string `name:"verifier-pocket" help:"Shipped reward model to run when there is no --verifier-url: pocket-prm, POLICY-likelihood (the likelihood under a shipped policy), or none." env:"PONDER_VERIFIER_POCKET" placeholder:"NAME"`
	URL        string `name:"verifier-url" help:"Base URL of a server with a reward model, such as http://localhost:8001/v1." env:"PONDER_VERIFIER_URL" placeholder:"URL"`
	Model      string `name:"verifier-model" help:"Name of the reward model on that server." env:"PONDER_VERIFIER_MODEL" placeholder:"NAME"`
	Family     string `name:"verifier-family" help:"Prompt and output format of the reward model: qwen2.5-math-prm, rlhflow, math-shepherd." env:"PONDER_VERIFIER_FAMILY" placeholder:"NAME"`
	Aggregator string `name:"verifier-aggregator" help:"Aggregator of step scores: min, last, avg, prod; default: the family's." env:"PONDER_VERIFIER_AGGREGATOR" placeholder:"NAME"`
	Parameters int64  `name:"verifier-parameters" help:"Parameters that one token activates, to count FLOPs." env:"PONDER_VERIFIER_PARAMETERS" placeholder:"N"`
}

// An Engine is a verifier together with its readiness check and its Close.
type Engine struct {
	verifier.Verifier
	Ready func(context.Context) error // nil if the engine can score; otherwise the error names what is missing
	Close func() error
}

// KeyVariable is the environment variable that holds the API key for the server.
const KeyVariable = openai.KeyVariable

const (
	// Default is the shipped reward model that an empty Config.Pocket selects.
	Default = "pocket-prm"
	// None, as Config.Pocket, selects no verifier: Open returns nil.
	None = "none"
)

// check returns an error for a setting of a server without a URL, and for a pocket model beside one: it would have no
// effect.
func (c Config) check() error {
	if c.URL != "" {
		if c.Pocket != "" {
			return errors.New("--verifier-pocket (PONDER_VERIFIER_POCKET): has no effect with --verifier-url: remove one of them")
		}
		return nil
	}
	for _, setting := range []struct {
		flag string
		set  bool
	}{
		{"model", c.Model != ""}, {"family", c.Family != ""}, {"aggregator", c.Aggregator != ""},
		{"parameters", c.Parameters != 0},
	} {
		if setting.set {
			return fmt.Errorf("--verifier-%s (PONDER_VERIFIER_%s): has no effect without --verifier-url (PONDER_VERIFIER_URL): add it, or remove --verifier-%[1]s",
				setting.flag, strings.ToUpper(setting.flag))
		}
	}
	return nil
}

// Open opens the engine. It does not connect to a server; Ready does.
func Open(c Config) (*Engine, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	switch {
	case c.URL != "":
		return openServer(c)
	case c.Pocket == None:
		return nil, nil
	}
	model, err := models.OpenRewardModel(cmp.Or(c.Pocket, Default), root.Options{})
	if err != nil {
		return nil, fmt.Errorf("--verifier-pocket: %w", err)
	}
	v, err := pocket.New(model)
	if err != nil {
		return nil, err
	}
	return &Engine{Verifier: v, Ready: func(context.Context) error { return nil }, Close: func() error { return nil }}, nil
}

func openServer(c Config) (*Engine, error) {
	family, err := openai.Lookup(c.Family)
	if err != nil {
		return nil, fmt.Errorf("--verifier-family: %w", err)
	}
	config := openai.Config{
		BaseURL: c.URL, Model: c.Model, APIKey: os.Getenv(KeyVariable), Family: family, Parameters: c.Parameters,
	}
	if c.Aggregator != "" {
		if config.Aggregator, err = verifier.ParseAggregator(c.Aggregator); err != nil {
			return nil, fmt.Errorf("--verifier-aggregator: %w", err)
		}
	}
	e, err := openai.New(config)
	if err != nil {
		return nil, fmt.Errorf("verifier at %s: %w", c.URL, err)
	}
	return &Engine{Verifier: e, Ready: e.Ready, Close: func() error { e.Close(); return nil }}, nil
}
