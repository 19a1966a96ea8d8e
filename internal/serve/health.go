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

// Names in health checks; the empty name is readiness, too.
const (
	Liveness  = "liveness"
	Readiness = "readiness"
)

// Keys of the trailer of a health check: what is missing, and what is done without,
// one value each.
const (
	missingKey = "ponder-missing"
	withoutKey = "ponder-without"
)

// How often dependencies are checked, and how long a check may take.
const (
	pollEvery   = 2 * time.Second
	pollTimeout = time.Second
)

// A Check says whether a dependency is there.
type Check struct {
	Name string // with its address: "NATS at nats://127.0.0.1:4222"
	Do   func(ctx context.Context) error
	// Optional is what the service can do without, in a lesser way: while it is
	// missing it is named, and the service is ready.
	Optional bool
}

// Missing is what the trailer or header of a health check says is missing, each
// with its address and the reason.
func Missing(trailer metadata.MD) []string { return trailer.Get(missingKey) }

// Without is what the trailer of a health check says the service does without.
func Without(trailer metadata.MD) []string { return trailer.Get(withoutKey) }

// health answers health checks from what its poll found last.
type health struct {
	*grpchealth.Server
	checks []Check

	mu       sync.Mutex
	missing  []string
	without  []string // optional
	polled   bool
	stopping bool
}

func newHealth(checks []Check) *health {
	h := &health{Server: grpchealth.NewServer(), checks: checks}
	h.SetServingStatus(Liveness, healthpb.HealthCheckResponse_SERVING)
	h.set(healthpb.HealthCheckResponse_NOT_SERVING)
	return h
}

func (h *health) set(s healthpb.HealthCheckResponse_ServingStatus) {
	h.SetServingStatus(Readiness, s)
	h.SetServingStatus("", s)
}

// poll the checks until ctx ends.
func (h *health) poll(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		h.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look at all dependencies at the same time.
func (h *health) look(ctx context.Context) {
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
	h.note(missing, without)
}

// note what is missing and what is done without, and say so where that is news.
func (h *health) note(missing, without []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	news := !h.polled || len(missing) != len(h.missing) || len(without) != len(h.without)
	h.missing, h.without, h.polled = missing, without, true
	if len(missing) == 0 {
		h.set(healthpb.HealthCheckResponse_SERVING)
	} else {
		h.set(healthpb.HealthCheckResponse_NOT_SERVING)
	}
	switch {
	case news && len(missing) == 0 && len(without) > 0:
		slog.Warn("ready", "without", without)
	case news && len(missing) == 0:
		slog.Info("ready")
	case news:
		slog.Warn("not ready", "missing", missing)
	}
}

// stop being ready, for good.
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

// Check answers, and names in the trailer what is missing and what is done without.
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

// page is /readyz.
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

// printable is s as metadata may carry it.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}
