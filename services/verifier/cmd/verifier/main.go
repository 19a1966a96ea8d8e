// Command verifier serves a process reward model over gRPC.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/services/verifier/engine"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertrace"
)

func main() {
	s := serve.NewSettings("verifier", 7702, 7792, 5*time.Minute)
	var c engine.Config
	s.Fields(&c)
	serve.Main(s, func(ctx context.Context, d *serve.Dependencies) (serve.Service, error) { return build(ctx, d, c) })
}

// build returns the service of the reward model that c names.
func build(ctx context.Context, d *serve.Dependencies, c engine.Config) (serve.Service, error) {
	opened, err := engine.Open(c)
	if err != nil {
		return serve.Service{}, err
	}
	if opened == nil {
		return serve.Service{}, errors.New("-verifier-pocket: must not be none: a verifier service needs a reward model")
	}
	d.OnClose(opened.Close)
	model, err := opened.RewardModel(ctx)
	if err != nil {
		return serve.Service{}, fmt.Errorf("get reward model: %w", err)
	}
	d.Check(serve.Check{Name: "reward model " + model.Name, Do: opened.Ready})
	traced := verifiertrace.New(opened, d.Telemetry.Instruments)
	return serve.Service{Register: func(r grpc.ServiceRegistrar) { verifierrpc.Register(r, traced) }}, nil
}
