package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/engine"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyrpc"
	"github.com/ponder-mesh/ponder/services/policy/policytrace"
)

type config struct {
	NatsURL   string `name:"nats-url" default:"nats://127.0.0.1:4222" env:"PONDER_NATS_URL" help:"NATS server with JetStream; empty: no worker, serve gRPC only"`
	Name      string `name:"name" help:"name of the worker in results and traces; default: the host name"`
	MaxTokens int    `name:"max-tokens" default:"256" help:"most tokens of a child if a gRPC request sets no limit"`
	Engine    engine.Config
}

// build opens the engine, and a worker that runs jobs from the queue on it.
func build(ctx context.Context, d *serve.Dependencies, c config) (service serve.Service, err error) {
	opened, err := engine.Open(c.Engine)
	if err != nil {
		return service, err
	}
	d.OnClose(opened.Close)
	model, err := opened.Model(ctx)
	if err != nil {
		return service, fmt.Errorf("get policy model: %w", err)
	}
	d.Check(serve.Check{Name: "engine of " + model.Name, Do: opened.Ready})
	traced := policytrace.New(opened, opened.Provider, d.Telemetry.Instruments)
	service.Register = func(r grpc.ServiceRegistrar) {
		policyrpc.Register(r, traced, reasoning.DefaultSampling(c.MaxTokens))
	}
	if c.NatsURL == "" {
		return service, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return service, fmt.Errorf("get host name: %w", err)
	}
	name := cmp.Or(c.Name, host)
	nc, err := natsx.Connect(c.NatsURL, "policy "+name)
	if err != nil {
		return service, err
	}
	d.OnClose(func() error { nc.Close(); return nil })
	queue := policyqueue.Config{Model: model.Model, Tracers: d.Telemetry.Tracers, Telemetry: d.Telemetry.Instruments}
	worker, err := policyqueue.NewWorker(nc, traced, queue, policyqueue.WorkerConfig{
		Name: name, Slots: c.Engine.Slots, Ready: opened.Ready,
	})
	if err != nil {
		return service, err
	}
	monitor, err := policyqueue.NewMonitor(nc, queue)
	if err != nil {
		return service, err
	}
	d.Check(serve.Check{Name: "queue on NATS at " + natsx.Redact(c.NatsURL), Do: monitor.Ready, Need: serve.NeedAtStart})
	service.Background = append(service.Background, worker.Run)
	return service, nil
}
