package main

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultytrace"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
)

type config struct {
	NatsURL      string `name:"nats-url" default:"nats://127.0.0.1:4222" help:"NATS server with JetStream"`
	Model        string `name:"model" default:"pocket-0.3m" help:"name of the policy's model, whose workers' queue is used"`
	Partitions   int    `name:"partitions" default:"1" help:"partitions of the queue; all services and workers must agree"`
	VerifierAddr string `name:"verifier-addr" default:"127.0.0.1:7702" help:"verifier service; empty: none, samples are judged by their agreement"`
	MaxTokens    int    `name:"max-tokens" default:"256" help:"most tokens of one sample, where requests do not say"`
	PromptModel  string `name:"prompt-model" help:"profile of ponder calibrate whose model estimates difficulty from texts; empty: none"`
	TraceFile    string `name:"trace-file" help:"file that spans are also written to"`
}

// run connects the probe to what it needs and serves it until ctx ends.
func run(ctx context.Context, s *serve.Settings, c config) (err error) {
	tel, err := telemetry.Setup(ctx, telemetry.Options{Service: "difficulty", TraceFile: c.TraceFile})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx))) }()
	nc, err := natsx.Connect(c.NatsURL, "difficulty")
	if err != nil {
		return err
	}
	defer nc.Close()
	queue := policyqueue.Config{Model: reasoning.Model{Name: c.Model}, Partitions: c.Partitions, Tracers: tel.Tracers}
	jobs, err := policyqueue.NewClient(nc, queue)
	if err != nil {
		return err
	}
	defer jobs.Close()
	monitor, err := policyqueue.NewMonitor(nc, queue)
	if err != nil {
		return err
	}
	var text *difficulty.PromptModel
	if c.PromptModel != "" {
		if text, err = difficulty.LoadPrompt(c.PromptModel); err != nil {
			return err
		}
	}
	var judge verifier.Verifier
	checks := []serve.Check{{Name: "queue on NATS at " + c.NatsURL, Do: monitor.Ready}}
	if c.VerifierAddr != "" {
		conn, err := serve.Dial(c.VerifierAddr, tel.DialOption())
		if err != nil {
			return err
		}
		defer conn.Close()
		client := verifierrpc.NewClient(conn)
		defer client.Close()
		judge = client
		checks = append(checks, serve.Answers("verifier", conn))
	}
	traced := difficultytrace.New(difficulty.All(jobs, judge, text), tel.Instruments)
	return serve.Run(ctx, s, serve.Service{
		Register: func(r grpc.ServiceRegistrar) {
			difficultyrpc.Register(r, traced, reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: c.MaxTokens})
		},
		Checks: checks, Metrics: tel.Metrics, Options: []grpc.ServerOption{tel.ServerOption()},
	})
}
