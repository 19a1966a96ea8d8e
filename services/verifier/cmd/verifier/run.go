package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/services/verifier/engine"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertrace"
)

type config struct {
	TraceFile string `name:"trace-file" help:"also write spans to this file"`
	Engine    engine.Config
}

// run opens the reward model and serves it until ctx ends.
func run(ctx context.Context, s *serve.Settings, c config) (err error) {
	tel, err := telemetry.Setup(ctx, telemetry.Options{Service: "verifier", TraceFile: c.TraceFile})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx))) }()
	opened, err := engine.Open(c.Engine)
	if err != nil {
		return err
	}
	if opened == nil {
		return errors.New("-verifier-pocket: must not be none: a verifier service needs a reward model")
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	model, err := opened.RewardModel(ctx)
	if err != nil {
		return fmt.Errorf("get reward model: %w", err)
	}
	traced := verifiertrace.New(opened, tel.Instruments)
	return serve.Run(ctx, s, serve.Service{
		Register: func(r grpc.ServiceRegistrar) { verifierrpc.Register(r, traced) },
		Checks:   []serve.Check{{Name: "reward model " + model.Name, Do: opened.Ready}},
		Metrics:  tel.Metrics, Options: []grpc.ServerOption{tel.ServerOption()},
	})
}
