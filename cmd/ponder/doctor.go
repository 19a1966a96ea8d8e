package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/serve"
)

type doctorCmd struct {
	addresses `embed:""`
	Wait      time.Duration `help:"How long to wait for a service's response." default:"1s"`
}

// A finding is the state of one service.
type finding struct {
	Service string `json:"service"`
	Address string `json:"address"`
	Live    bool   `json:"live"`
	Ready   bool   `json:"ready"`
	Problem string `json:"problem,omitempty"`
	Without string `json:"without,omitempty"` // dependencies that are down and that the service does without
	Remedy  string `json:"remedy,omitempty"`
	Absent  bool   `json:"absent,omitempty"` // the planner is configured to be without the service

	absent []string // services that this one is configured to be without
}

// Run checks all services at once. It returns an error if one of them is not ready, or lacks
// a dependency that it needs. A service that the planner is configured to be without need not run.
func (c *doctorCmd) Run(ctx context.Context, out *output) error {
	if err := c.move(); err != nil {
		return err
	}
	services := []finding{
		{Service: "planner", Address: c.PlannerAddr}, {Service: "policy", Address: c.PolicyAddr},
		{Service: "verifier", Address: c.VerifierAddr}, {Service: "difficulty", Address: c.DifficultyAddr},
	}
	var checks sync.WaitGroup
	for i := range services {
		checks.Go(func() { services[i].check(ctx, c.Wait) })
	}
	checks.Wait()
	for i, f := range services {
		if f.Problem != "" && !f.Live && slices.Contains(services[0].absent, f.Service) {
			services[i] = finding{Service: f.Service, Address: f.Address, Absent: true}
		}
	}
	notReady, lacking := 0, 0
	for _, f := range services {
		state, remedy := "ready", ""
		switch {
		case f.Absent:
			state = "none: the planner is configured without it"
		case !f.Ready:
			notReady++
			state, remedy = "NOT READY: "+f.Problem, f.Remedy
		case f.Problem != "":
			lacking++
			state, remedy = "ready, but "+f.Problem, f.Remedy
		case f.Without != "":
			state += ", without " + f.Without
		}
		if err := out.row(f, "%-10s %-22s %s", f.Service, f.Address, state); err != nil {
			return err
		}
		if remedy != "" {
			if err := out.line("           → %s", remedy); err != nil {
				return err
			}
		}
	}
	if notReady > 0 {
		return fmt.Errorf("%d of %d services are not ready", notReady, len(services))
	}
	if lacking > 0 {
		return fmt.Errorf("%d of %d services lack a dependency", lacking, len(services))
	}
	return out.line("\nAll services that the planner uses are ready. Try: ponder solve %q", exampleProblem)
}

// exampleProblem is a problem that the shipped models solve.
const exampleProblem = "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?"

// check calls the health service of f.Address and sets the other fields of f.
func (f *finding) check(ctx context.Context, wait time.Duration) {
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	conn, err := serve.Dial(f.Address, grpc.WithDisableHealthCheck()) // a service that is not ready is checked too
	if err != nil {
		f.Problem, f.Remedy = err.Error(), "give a host:port address"
		return
	}
	defer func() { _ = conn.Close() }()
	health := healthpb.NewHealthClient(conn)
	live, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: serve.Liveness})
	if err != nil {
		f.Problem = "does not respond: " + plain(status.Convert(err).Message())
		f.Remedy = "start it: ponder dev runs all four services, services/" + f.Service + "/cmd/" + f.Service + " this one"
		return
	}
	f.Live = live.GetStatus() == healthpb.HealthCheckResponse_SERVING
	var trailer metadata.MD
	ready, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: serve.Readiness}, grpc.Trailer(&trailer))
	switch {
	case err != nil:
		f.Problem, f.Remedy = "readiness check failed: "+status.Convert(err).Message(), "read the log of the service"
	default:
		f.Ready = ready.GetStatus() == healthpb.HealthCheckResponse_SERVING
		f.absent = serve.Absent(trailer)
		f.Without = strings.Join(serve.Without(trailer), "; ")
		if missing := serve.Missing(trailer); len(missing) > 0 || !f.Ready {
			f.Problem = "missing: " + strings.Join(missing, "; ")
			f.Remedy = "start the missing dependencies, which the service then uses by itself; " +
				"if an address is wrong, correct it and restart the service"
			if len(serve.Final(trailer)) > 0 {
				f.Remedy = "correct the setting that it names and restart the service, which reads settings at its start only"
			}
		}
	}
}
