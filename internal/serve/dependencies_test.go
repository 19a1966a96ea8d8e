package serve

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
)

// What a service depends on is checked while it serves, and closed after it, last
// first; every error of closing is returned.
func TestDependencies(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	s := NewSettings("difficulty", 0, 0, time.Minute)
	s.MetricsAddr, s.TraceFile = "", filepath.Join(t.TempDir(), "trace.jsonl")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	first, second := errors.New("close first"), errors.New("close second")
	var closed []error
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, s, func(_ context.Context, d *Dependencies) (Service, error) {
			for _, err := range []error{first, second} {
				d.OnClose(func() error { closed = append(closed, err); return err })
			}
			_, err := d.Dial("verifier", "127.0.0.1:1", NeedNever)
			return Service{Register: func(grpc.ServiceRegistrar) {}}, err
		})
	}()
	conn, err := Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var trailer metadata.MD
	health := healthpb.NewHealthClient(conn)
	_, err = health.Check(t.Context(), &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true), grpc.Trailer(&trailer))
	without := strings.Join(Without(trailer), " ")
	if err != nil || !strings.HasPrefix(without, "verifier at 127.0.0.1:1: ") {
		t.Errorf("ready without %q and error %v, want without the verifier", without, err)
	}
	stop()
	if err := <-done; !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("stopped with %v, want both errors of closing", err)
	}
	if len(closed) != 2 || !errors.Is(closed[0], second) {
		t.Errorf("closed %v, want the second first", closed)
	}
}

func TestServiceThatCannotBeBuilt(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	broken, closed := errors.New("no such model"), false
	err := Run(t.Context(), NewSettings("policy", 0, 0, 0), func(_ context.Context, d *Dependencies) (Service, error) {
		d.OnClose(func() error { closed = true; return nil })
		return Service{}, broken
	})
	if !errors.Is(err, broken) || !closed {
		t.Errorf("got error %v and closed %v, want what was opened closed", err, closed)
	}
}
