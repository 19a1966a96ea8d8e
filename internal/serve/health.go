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

	"github.com/ponder-mesh/ponder/internal/printable"
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
	withoutKey = "ponder-without" // optional dependencies
	finalKey   = "ponder-final"   // those of both that do not become usable by themselves
	absentKey  = "ponder-absent"  // the services that this one is configured to be without
)

// Missing returns the missing dependencies in the trailer of a health check, each with its
// address and the reason, or else the reason why the service is not ready. A service may be
// ready while one is missing: see [NeedAtStart].
func Missing(trailer metadata.MD) []string { return trailer.Get(missingKey) }

// Without returns the missing optional dependencies in the trailer of a health check.
func Without(trailer metadata.MD) []string { return trailer.Get(withoutKey) }

// Final returns those of Missing and Without that do not become usable by themselves: a setting is
// wrong, such as an API key.
func Final(trailer metadata.MD) []string { return trailer.Get(finalKey) }

// Absent returns the names of the services that a service is configured to be without.
func Absent(trailer metadata.MD) []string { return trailer.Get(absentKey) }

// A phase is how far a service has come.
type phase int

const (
	phaseUnknown  phase = iota // no poll has ended
	phaseStarting              // not ready yet
	phaseStarted               // was ready
	phaseStopping
)

// health serves health checks from the result of its latest poll.
type health struct {
	*grpchealth.Server
	checks []Check
	names  []string // of checks of readiness
	absent []string // services that this one is configured to be without

	mu     sync.Mutex
	phase  phase
	failed []outage // of the latest poll
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
func (h *health) poll(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		h.record(outages(ctx, h.checks))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// record stores the outages of a poll, and logs them if other dependencies are missing than
// before. A new reason alone is not logged: it may differ in every poll.
func (h *health) record(failed []outage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, changed := h.phase, !slices.EqualFunc(failed, h.failed, sameName)
	switch h.failed = failed; {
	case before == phaseStopping:
		return
	case before == phaseUnknown:
		h.phase = phaseStarting
	}
	ready, status := h.ready(), healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		h.phase, status = phaseStarted, healthpb.HealthCheckResponse_SERVING
	}
	h.set(status)
	if !changed && before != phaseUnknown {
		return
	}
	level, message, attributes := slog.LevelInfo, "ready", []any(nil)
	missing, without := h.texts()
	if len(missing) > 0 {
		level, attributes = slog.LevelWarn, append(attributes, "missing", missing)
	}
	if len(without) > 0 {
		level, attributes = slog.LevelWarn, append(attributes, "without", without)
	}
	if !ready {
		message = "not ready"
	}
	slog.Log(context.Background(), level, message, attributes...)
}

func sameName(a, b outage) bool { return a.name == b.name }

// ready reports whether the service is ready by its latest poll. The caller holds h.mu.
func (h *health) ready() bool {
	needed := func(o outage) bool { return o.need == NeedAlways || o.need == NeedAtStart && h.phase != phaseStarted }
	return h.phase != phaseUnknown && h.phase != phaseStopping && !slices.ContainsFunc(h.failed, needed)
}

// texts returns the dependencies that the service misses, and the optional ones that it is
// without. The caller holds h.mu.
func (h *health) texts() (missing, without []string) {
	for _, o := range h.failed {
		if o.need == NeedNever {
			without = append(without, o.String())
		} else {
			missing = append(missing, o.String())
		}
	}
	return missing, without
}

// stop makes the service unready for good. It stays live, so that it is not killed while it
// drains.
func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = phaseStopping
	h.set(healthpb.HealthCheckResponse_NOT_SERVING)
}

// state returns the missing dependencies, those that the service is without, and whether it
// is ready. If it is not ready for another reason than a missing dependency, state returns
// that reason.
func (h *health) state() (missing, without []string, reason string, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.phase {
	case phaseStopping:
		return nil, nil, "the service is stopping", false
	case phaseUnknown:
		return nil, nil, "nothing known yet: dependencies are being checked", false
	}
	missing, without = h.texts()
	return missing, without, "", h.ready()
}

// Check implements the health service. The trailer of a check of readiness has the missing
// dependencies; those of Watch and of a check of liveness do not.
func (h *health) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	response, err := h.Server.Check(ctx, r)
	if err != nil || r.GetService() == Liveness {
		return response, err
	}
	missing, without, reason, _ := h.state()
	if reason != "" {
		missing = []string{reason}
	}
	trailer := metadata.MD{}
	for _, m := range missing {
		trailer.Append(missingKey, ascii(m))
	}
	for _, o := range without {
		trailer.Append(withoutKey, ascii(o))
	}
	for _, o := range h.final() {
		trailer.Append(finalKey, ascii(o))
	}
	trailer.Append(absentKey, h.absent...)
	if err := grpc.SetTrailer(ctx, trailer); err != nil {
		return nil, err
	}
	return response, nil
}

// final returns the texts of the outages that do not end by themselves.
func (h *health) final() (texts []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.failed {
		if o.final {
			texts = append(texts, o.String())
		}
	}
	return texts
}

// page serves /readyz.
func (h *health) page(w http.ResponseWriter, _ *http.Request) {
	missing, without, reason, ready := h.state()
	switch {
	case ready:
		fmt.Fprintln(w, "ready")
	case reason != "":
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready:", reason)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready")
	}
	for _, m := range missing {
		_, _ = printable.Fprintf(w, "missing %s\n", m)
	}
	for _, o := range without {
		_, _ = printable.Fprintf(w, "without %s\n", o)
	}
}

// ascii returns s with a question mark for each character that gRPC metadata does not
// allow.
func ascii(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}
