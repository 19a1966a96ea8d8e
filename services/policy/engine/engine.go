// Package engine opens the policy.Policy that a command line selects: a shipped pocket
// model, or any OpenAI-compatible server.
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
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/engine/pocket"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Config selects an engine. Its struct tags define command-line flags (kong).
type Config struct {
	Pocket     string `name:"policy-pocket" help:"Shipped model to run when there is no --policy-url; default: pocket-0.3m." env:"PONDER_POLICY_POCKET" placeholder:"NAME"`
	URL        string `name:"policy-url" help:"Base URL of an OpenAI-compatible server, such as http://localhost:8000/v1." env:"PONDER_POLICY_URL" placeholder:"URL"`
	Model      string `name:"policy-model" help:"Name of the model on that server." env:"PONDER_POLICY_MODEL" placeholder:"NAME"`
	Template   string `name:"policy-template" help:"Prompt template: gsm8k-fewshot, pocket, pocket-fewshot-v2, pocket-think-v1, s1, steps, steps-chatml, think, think-chatml." default:"steps" env:"PONDER_POLICY_TEMPLATE" placeholder:"NAME"`
	Dialect    string `name:"policy-dialect" help:"Kind of server: auto, vllm, sglang, llamacpp, ollama, generic." default:"auto" env:"PONDER_POLICY_DIALECT" placeholder:"NAME"`
	Parameters int64  `name:"policy-parameters" help:"Parameters that one token activates, to count FLOPs." env:"PONDER_POLICY_PARAMETERS" placeholder:"N"`
	Slots      int    `name:"policy-slots" help:"Sequences to generate concurrently; a waiting pull reserves 8." default:"64" env:"PONDER_POLICY_SLOTS"`
}

// An Engine is a policy together with its readiness check and its Close.
type Engine struct {
	policy.Policy
	Provider func() string               // for traces: "pocket", or the kind of the server
	Ready    func(context.Context) error // nil if the engine can run; otherwise the error names what is missing
	Close    func() error
}

// KeyVariable is the environment variable that holds the API key for the server. A flag
// would be visible in process lists.
const KeyVariable = openai.KeyVariable

// Default is the shipped policy that an empty Config.Pocket selects.
const Default = "pocket-0.3m"

// check returns an error for a setting that breaks a rule, and for one that has no effect: one of a server without a URL,
// and a pocket model beside one.
func (c Config) check() error {
	switch {
	case c.Slots < 0:
		return fmt.Errorf("--policy-slots (PONDER_POLICY_SLOTS): must be at least 1, or 0 for the default, is %d", c.Slots)
	case c.URL != "" && c.Model == "":
		return errors.New("--policy-model (PONDER_POLICY_MODEL): must name a model of the server at --policy-url")
	}
	if c.URL != "" {
		if c.Pocket != "" {
			return errors.New("--policy-pocket (PONDER_POLICY_POCKET): has no effect with --policy-url: remove one of them")
		}
		return nil
	}
	for _, setting := range []struct {
		flag string
		set  bool
	}{
		{"model", c.Model != ""}, {"template", c.Template != "" && c.Template != "steps"},
		{"dialect", c.Dialect != "" && c.Dialect != "auto"}, {"parameters", c.Parameters != 0},
	} {
		if setting.set {
			return fmt.Errorf("--policy-%s (PONDER_POLICY_%s): has no effect without --policy-url (PONDER_POLICY_URL): add it, or remove --policy-%[1]s",
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
	if c.URL == "" {
		return openPocket(c)
	}
	format, err := template.Lookup(c.Template)
	if err != nil {
		return nil, fmt.Errorf("--policy-template: %w", err)
	}
	dialect, err := openai.ParseDialect(c.Dialect)
	if err != nil {
		return nil, fmt.Errorf("--policy-dialect: %w", err)
	}
	e, err := openai.New(openai.Config{
		BaseURL: c.URL, Model: c.Model, APIKey: os.Getenv(KeyVariable), Template: format, Dialect: dialect,
		Parameters: c.Parameters, MaxInFlight: c.Slots,
	})
	if err != nil {
		return nil, fmt.Errorf("policy at %s: %w", c.URL, err)
	}
	return &Engine{Policy: e, Provider: e.Provider, Ready: e.Ready, Close: func() error { e.Close(); return nil }}, nil
}

func openPocket(c Config) (*Engine, error) {
	model, err := models.Open(cmp.Or(c.Pocket, Default))
	if err != nil {
		return nil, fmt.Errorf("--policy-pocket: %w", err)
	}
	e := root.NewEngine(model, root.Options{})
	return &Engine{
		Policy: pocket.New(e), Provider: func() string { return "pocket" },
		Ready: func(context.Context) error { return nil }, Close: e.Close,
	}, nil
}
