package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	grpchealth "google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// Names of health checks. The empty name and those of gRPC services, such as
// "ponder.planner.v1.PlannerService", mean readiness.
const (
	Liveness  = "liveness"
	Readiness = "readiness"
)

// Keys of the trailer of a health check, with one value for each dependency.
const (
	missingKey = "ponder-missing"
	withoutKey = "ponder-without" // optional ones
)

const (
	pollEvery   = 2 * time.Second // between two checks of a dependency
	pollTimeout = time.Second     // of one check
)

// A Check tests whether a dependency can be used.
type Check struct {
	Name string // with its address: "NATS at nats://127.0.0.1:4222"
	Do   func(ctx context.Context) error
	// Optional dependencies do not make a service unready: it serves without them, in
	// a lesser way, and names them.
	Optional bool
}

// Missing returns the missing dependencies in the trailer of a health check, each with
// its address and the reason.
func Missing(trailer metadata.MD) []string { return trailer.Get(missingKey) }

// Without returns the missing optional dependencies in the trailer of a health check.
func Without(trailer metadata.MD) []string { return trailer.Get(withoutKey) }

// health answers health checks with the result of its last poll.
type health struct {
	*grpchealth.Server
	checks []Check
	names  []string // by which readiness is asked for

	mu       sync.Mutex
	missing  []string
	without  []string // missing and optional
	polled   bool
	stopping bool
}

// newHealth returns the health of a server with these gRPC services, which is not ready
// before a poll has found that it is.
func newHealth(checks []Check, services ...string) *health {
	h := &health{Server: grpchealth.NewServer(), checks: checks, names: append(services, Readiness, "")}
	h.SetServingStatus(Liveness, healthpb.HealthCheckResponse_SERVING)
	h.set(healthpb.HealthCheckResponse_NOT_SERVING)
	return h
}

func (h *health) set(s healthpb.HealthCheckResponse_ServingStatus) {
	for _, name := range h.names {
		h.SetServingStatus(name, s)
	}
}

// poll checks all dependencies every pollEvery until ctx ends.
func (h *health) poll(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		h.check(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// check checks all dependencies at the same time.
func (h *health) check(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	found := make([]string, len(h.checks))
	var all sync.WaitGroup
	for i, c := range h.checks {
		all.Go(func() {
			if err := c.Do(ctx); err != nil {
				found[i] = fmt.Sprintf("%s: %v", c.Name, err)
			}
		})
	}
	all.Wait()
	var missing, without []string
	for i, c := range h.checks {
		switch {
		case found[i] == "":
		case c.Optional:
			without = append(without, found[i])
		default:
			missing = append(missing, found[i])
		}
	}
	h.record(missing, without)
}

// record stores the result of a poll, and logs a change.
func (h *health) record(missing, without []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed := !h.polled || len(missing) != len(h.missing) || len(without) != len(h.without)
	h.missing, h.without, h.polled = missing, without, true
	if len(missing) == 0 {
		h.set(healthpb.HealthCheckResponse_SERVING)
	} else {
		h.set(healthpb.HealthCheckResponse_NOT_SERVING)
	}
	switch {
	case changed && len(missing) == 0 && len(without) > 0:
		slog.Warn("ready", "without", without)
	case changed && len(missing) == 0:
		slog.Info("ready")
	case changed:
		slog.Warn("not ready", "missing", missing)
	}
}

// stop makes the service unready for good.
func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Shutdown()
	h.stopping = true
}

func (h *health) state() (missing, without []string, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopping:
		return []string{"nothing: the service is stopping"}, nil, false
	case !h.polled:
		return []string{"nothing known yet: dependencies are being checked"}, nil, false
	}
	return h.missing, h.without, len(h.missing) == 0
}

// Check implements the health service. Its trailer names what is missing.
func (h *health) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	answer, err := h.Server.Check(ctx, r)
	if err != nil || r.GetService() == Liveness {
		return answer, err
	}
	missing, without, _ := h.state()
	trailer := metadata.MD{}
	for _, m := range missing {
		trailer.Append(missingKey, printable(m))
	}
	for _, w := range without {
		trailer.Append(withoutKey, printable(w))
	}
	if err := grpc.SetTrailer(ctx, trailer); err != nil {
		return nil, err
	}
	return answer, nil
}

// page serves /readyz.
func (h *health) page(w http.ResponseWriter, _ *http.Request) {
	missing, without, ready := h.state()
	if ready {
		fmt.Fprintln(w, "ready")
		for _, o := range without {
			fmt.Fprintln(w, "without", o)
		}
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintln(w, "not ready")
	for _, m := range missing {
		fmt.Fprintln(w, "missing", m)
	}
}

// printable returns s with what metadata may not carry replaced.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}
