package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// addresses are where the services are.
type addresses struct {
	PlannerAddr    string `help:"The planner's address." default:"127.0.0.1:7700" env:"PONDER_ADDR"`
	PolicyAddr     string `help:"The policy's address." default:"127.0.0.1:7701"`
	VerifierAddr   string `help:"The verifier's address." default:"127.0.0.1:7702"`
	DifficultyAddr string `help:"The difficulty service's address." default:"127.0.0.1:7703"`
}

type doctorCmd struct {
	addresses `embed:""`
	Wait      time.Duration `help:"How long a service may take to answer." default:"1s"`
}

// finding is what the doctor found of one service.
type finding struct {
	Service string `json:"service"`
	Address string `json:"address"`
	Live    bool   `json:"live"`
	Ready   bool   `json:"ready"`
	Problem string `json:"problem,omitempty"`
	Without string `json:"without,omitempty"` // what it misses and does without
	Remedy  string `json:"remedy,omitempty"`
}

// Run asks each service how it is. It fails if one is not ready.
func (c *doctorCmd) Run(ctx context.Context, out *output) error {
	services := []finding{
		{Service: "planner", Address: c.PlannerAddr}, {Service: "policy", Address: c.PolicyAddr},
		{Service: "verifier", Address: c.VerifierAddr}, {Service: "difficulty", Address: c.DifficultyAddr},
	}
	var all sync.WaitGroup
	for i := range services {
		all.Go(func() { services[i].examine(ctx, c.Wait) })
	}
	all.Wait()
	sick := 0
	for _, f := range services {
		if !f.Ready {
			sick++
		}
		if out.json {
			if err := out.value(f); err != nil {
				return err
			}
			continue
		}
		word := "ready"
		switch {
		case f.Without != "":
			word += ", without " + f.Without
		case !f.Ready:
			word = "NOT READY: " + f.Problem + "\n           → " + f.Remedy
		}
		fmt.Printf("%-10s %-22s %s\n", f.Service, f.Address, word)
	}
	if sick > 0 {
		return fmt.Errorf("%d of %d services are not ready", sick, len(services))
	}
	if !out.json {
		fmt.Println("\nAll is well. Try: ponder solve \"Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?\"")
	}
	return nil
}

// examine fills in how the service is.
func (f *finding) examine(ctx context.Context, wait time.Duration) {
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	conn, err := serve.Dial(f.Address, grpc.WithDisableHealthCheck()) // ask also one that is not ready
	if err != nil {
		f.Problem, f.Remedy = err.Error(), "give a host:port address"
		return
	}
	defer func() { _ = conn.Close() }()
	health := healthpb.NewHealthClient(conn)
	live, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: serve.Liveness})
	if err != nil {
		f.Problem, f.Remedy = "does not answer: "+status.Convert(err).Message(), "start it: ponder dev runs all four, services/"+f.Service+"/cmd/"+f.Service+" this one"
		return
	}
	f.Live = live.GetStatus() == healthpb.HealthCheckResponse_SERVING
	var trailer metadata.MD
	ready, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: serve.Readiness}, grpc.Trailer(&trailer))
	switch {
	case err != nil:
		f.Problem, f.Remedy = "does not say whether it is ready: "+status.Convert(err).Message(), "look at its log"
	case ready.GetStatus() != healthpb.HealthCheckResponse_SERVING:
		f.Problem, f.Remedy = "misses "+strings.Join(serve.Missing(trailer), "; "), "start or reach what it names; it becomes ready by itself"
	default:
		f.Ready, f.Without = true, strings.Join(serve.Without(trailer), "; ")
	}
}
