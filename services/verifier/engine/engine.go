// Package engine opens the body of verifier.Verifier that a command line names: a
// shipped pocket reward model, or one behind a server.
package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"

	root "github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/engine/openai"
	"github.com/ponder-mesh/ponder/services/verifier/engine/pocket"
)

// Config names an engine. Its tags are the command line's (kong).
type Config struct {
	Pocket     string `name:"verifier-pocket" help:"Shipped reward model to run in this process, when there is no --verifier-url: pocket-prm, or POLICY-likelihood for the likelihood under a shipped policy; 'none' is no verifier." env:"PONDER_VERIFIER_POCKET" placeholder:"NAME"`
	URL        string `name:"verifier-url" help:"A server with a reward model, such as http://localhost:8001/v1." env:"PONDER_VERIFIER_URL" placeholder:"URL"`
	Model      string `name:"verifier-model" help:"The reward model, as that server calls it." env:"PONDER_VERIFIER_MODEL" placeholder:"NAME"`
	Family     string `name:"verifier-family" help:"How the reward model is asked: qwen-math, rlhflow, math-shepherd …." env:"PONDER_VERIFIER_FAMILY" placeholder:"NAME"`
	Aggregator string `name:"verifier-aggregator" help:"How step scores become one number: min, last, avg, prod; the family's if empty." env:"PONDER_VERIFIER_AGGREGATOR" placeholder:"NAME"`
	Parameters int64  `name:"verifier-parameters" help:"Parameters that one token activates, to count FLOPs." env:"PONDER_VERIFIER_PARAMETERS" placeholder:"N"`
}

// An Engine is an opened body.
type Engine struct {
	verifier.Verifier
	Ready func(context.Context) error // nil if it can judge; else the error names what is missing
	Close func() error
}

// KeyVariable is the environment variable with the API key for the server.
const KeyVariable = "PONDER_VERIFIER_API_KEY"

// Values of Config.Pocket: the shipped model that is opened if it is empty, and no
// verifier at all, for which Open returns nil.
const (
	Default = "pocket-prm"
	None    = "none"
)

// Open opens the engine. It does not talk to a server; Ready does.
func Open(c Config) (*Engine, error) {
	switch {
	case c.URL != "":
		return openServer(c)
	case c.Pocket == None:
		return nil, nil
	}
	judge, err := models.OpenRewardModel(cmp.Or(c.Pocket, Default), root.Options{})
	if err != nil {
		return nil, fmt.Errorf("--verifier-pocket: %w", err)
	}
	v, err := pocket.New(judge)
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
	config := openai.Config{BaseURL: c.URL, Model: c.Model, APIKey: os.Getenv(KeyVariable), Family: family, Parameters: c.Parameters}
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
