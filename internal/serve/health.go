package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
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
	missingKey  = "ponder-missing"
	optionalKey = "ponder-without" // missing optional dependencies
)

// Missing returns the missing dependencies in the trailer of a health check, each with
// its address and the reason, or else the reason why the service is not ready.
func Missing(trailer metadata.MD) []string { return trailer.Get(missingKey) }

// Without returns the missing optional dependencies in the trailer of a health check.
func Without(trailer metadata.MD) []string { return trailer.Get(optionalKey) }

// health serves health checks from the result of its latest poll.
type health struct {
	*grpchealth.Server
	checks []Check
	names  []string // of checks of readiness

	mu       sync.Mutex
	missing  []outage
	optional []outage // of optional dependencies
	polled   bool
	stopping bool
}

// newHealth returns the health of a server with these gRPC services. It is not ready before
// the first poll.
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
		h.record(outages(ctx, h.checks))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// record stores the result of a poll, and logs it if other dependencies are missing than
// before. A new reason alone is not logged: it may differ in every poll.
func (h *health) record(missing, optional []outage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed := !h.polled || !sameNames(missing, h.missing) || !sameNames(optional, h.optional)
	h.missing, h.optional, h.polled = missing, optional, true
	if len(missing) == 0 {
		h.set(healthpb.HealthCheckResponse_SERVING)
	} else {
		h.set(healthpb.HealthCheckResponse_NOT_SERVING)
	}
	switch {
	case changed && len(missing) == 0 && len(optional) > 0:
		slog.Warn("ready", "without", texts(optional))
	case changed && len(missing) == 0:
		slog.Info("ready")
	case changed:
		slog.Warn("not ready", "missing", texts(missing))
	}
}

func sameNames(a, b []outage) bool {
	return slices.EqualFunc(a, b, func(a, b outage) bool { return a.name == b.name })
}

func texts(outages []outage) []string {
	var texts []string
	for _, o := range outages {
		texts = append(texts, o.String())
	}
	return texts
}

// stop makes the service unready for good.
func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Shutdown()
	h.stopping = true
}

// state returns the missing dependencies, and whether the service is ready. If it is not
// ready for another reason than a missing dependency, state returns that reason.
func (h *health) state() (missing, optional []string, reason string, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopping:
		return nil, nil, "the service is stopping", false
	case !h.polled:
		return nil, nil, "nothing known yet: dependencies are being checked", false
	}
	return texts(h.missing), texts(h.optional), "", len(h.missing) == 0
}

// Check implements the health service. The trailer of a check of readiness has the missing
// dependencies; those of Watch and of a check of liveness do not.
func (h *health) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	response, err := h.Server.Check(ctx, r)
	if err != nil || r.GetService() == Liveness {
		return response, err
	}
	missing, optional, reason, _ := h.state()
	if reason != "" {
		missing = []string{reason}
	}
	trailer := metadata.MD{}
	for _, m := range missing {
		trailer.Append(missingKey, printable(m))
	}
	for _, o := range optional {
		trailer.Append(optionalKey, printable(o))
	}
	if err := grpc.SetTrailer(ctx, trailer); err != nil {
		return nil, err
	}
	return response, nil
}

// page serves /readyz.
func (h *health) page(w http.ResponseWriter, _ *http.Request) {
	missing, optional, reason, ready := h.state()
	if ready {
		fmt.Fprintln(w, "ready")
		for _, o := range optional {
			fmt.Fprintln(w, "without", o)
		}
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	if reason != "" {
		fmt.Fprintln(w, "not ready:", reason)
		return
	}
	fmt.Fprintln(w, "not ready")
	for _, m := range missing {
		fmt.Fprintln(w, "missing", m)
	}
}

// printable returns s with a question mark for each character that gRPC metadata does not
// allow.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}
