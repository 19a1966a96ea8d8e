package main

import (
	"context"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultytrace"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
)

type config struct {
	NatsURL      string `name:"nats-url" default:"nats://127.0.0.1:4222" env:"PONDER_NATS_URL" help:"NATS server with JetStream"`
	Model        string `name:"model" default:"pocket-0.3m" help:"name of the policy's model, whose workers' queue is used"`
	VerifierAddr string `name:"verifier-addr" default:"127.0.0.1:7702" help:"verifier service; empty: none, estimates use the agreement of samples"`
	MaxTokens    int    `name:"max-tokens" default:"256" help:"most tokens of a sample if a request sets no limit"`
	PromptModel  string `name:"prompt-model" help:"profile written by ponder calibrate, whose model estimates difficulty from the problem's text; empty: none"`
}

// build connects the estimators to the queue and to the verifier.
func build(_ context.Context, d *serve.Dependencies, c config) (service serve.Service, err error) {
	nc, err := natsx.Connect(c.NatsURL, "difficulty")
	if err != nil {
		return service, err
	}
	d.OnClose(func() error { nc.Close(); return nil })
	queue := policyqueue.Config{Model: reasoning.Model{Name: c.Model}, Tracers: d.Telemetry.Tracers, Telemetry: d.Telemetry.Instruments}
	jobs, err := policyqueue.NewClient(nc, queue)
	if err != nil {
		return service, err
	}
	d.OnClose(func() error { jobs.Close(); return nil })
	monitor, err := policyqueue.NewMonitor(nc, queue)
	if err != nil {
		return service, err
	}
	d.Check(serve.Check{Name: "queue on NATS at " + natsx.Redact(c.NatsURL), Do: monitor.Ready, Need: serve.NeedAtStart})
	var prompt *difficulty.PromptModel
	if c.PromptModel != "" {
		if prompt, err = difficulty.LoadPrompt(c.PromptModel); err != nil {
			return service, err
		}
	}
	var scorer verifier.Verifier
	if c.VerifierAddr != "" {
		conn, err := d.Dial("verifier", c.VerifierAddr, serve.NeedAtStart)
		if err != nil {
			return service, err
		}
		client := verifierrpc.NewClient(conn)
		d.OnClose(client.Close)
		scorer = client
	}
	traced := difficultytrace.New(difficulty.All(jobs, scorer, prompt), c.Model, d.Telemetry.Instruments)
	service.Register = func(r grpc.ServiceRegistrar) {
		difficultyrpc.Register(r, traced, reasoning.DefaultSampling(c.MaxTokens))
	}
	return service, nil
}
