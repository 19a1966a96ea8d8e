package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/internal/tracefile"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSetupWithoutAnything(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	var log bytes.Buffer
	p, err := telemetry.Setup(t.Context(), telemetry.Options{
		Service: "planner", Version: "v9", Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer.Start(t.Context(), "x")
	if span.IsRecording() {
		t.Error("a span is recorded without an exporter")
	}
	span.End()
	got := telemetrytest.Scrape(t, p)
	for _, want := range []string{"target_info{", `service_name="planner"`, `service_version="v9"`} {
		if !strings.Contains(got, want) {
			t.Errorf("/metrics lacks %s:\n%s", want, got)
		}
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}

func TestSetupDisabled(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	t.Setenv("OTEL_SDK_DISABLED", "true")
	file := filepath.Join(t.TempDir(), "trace.jsonl")
	p, err := telemetry.Setup(t.Context(), telemetry.Options{Service: "planner", TraceFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if p.TraceFile != "" || !strings.Contains(telemetrytest.Scrape(t, p), "404") {
		t.Errorf("trace file is %q and metrics are served, want neither", p.TraceFile)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("trace file: %v, want none", err)
	}
}

func TestSetupRefuses(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	missing := filepath.Join(t.TempDir(), "none", "trace.jsonl")
	if p, err := telemetry.Setup(t.Context(), telemetry.Options{Service: "x", TraceFile: missing}); err == nil {
		t.Errorf("Setup gave %v for a trace file in a folder that is not there", p)
	}
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "nonsense")
	if p, err := telemetry.Setup(t.Context(), telemetry.Options{Service: "x"}); err == nil {
		t.Errorf("Setup gave %v for OTEL_RESOURCE_ATTRIBUTES=nonsense", p)
	}
}

// A traceSink is a collector.
type traceSink struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	names []string
}

func (s *traceSink) Export(
	_ context.Context, r *collector.ExportTraceServiceRequest,
) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range r.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				s.names = append(s.names, span.Name)
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestOTLP(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	sink := &traceSink{}
	_, address := serve(t, func(s *grpc.Server) { collector.RegisterTraceServiceServer(s, sink) })
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"+address)
	p, err := telemetry.Setup(t.Context(), telemetry.Options{Service: "planner"})
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer.Start(t.Context(), "hello")
	span.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if got := strings.Join(sink.names, " "); got != "hello" {
		t.Errorf("the collector got %q, want hello", got)
	}
}

// serve runs a server until the test ends and returns it with its address.
func serve(t *testing.T, register func(*grpc.Server), options ...grpc.ServerOption) (*grpc.Server, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	register(server)
	var done sync.WaitGroup
	done.Go(func() {
		if err := server.Serve(listener); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { server.Stop(); done.Wait() })
	return server, listener.Addr().String()
}

func TestGRPC(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	p := telemetrytest.Setup(t, telemetry.Options{})
	serving, address := serve(t, func(s *grpc.Server) {
		healthpb.RegisterHealthServer(s, health.NewServer())
		plannerv1.RegisterPlannerServiceServer(s, plannerv1.UnimplementedPlannerServiceServer{})
	}, p.ServerOption())
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), p.DialOption())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := plannerv1.NewPlannerServiceClient(conn).GetSearch(t.Context(), &plannerv1.GetSearchRequest{}); err == nil {
		t.Fatal("an unimplemented method has no error")
	}
	serving.GracefulStop() // the span of a call ends with its handler, after the client has the response
	_, file := telemetrytest.Finish(t, p)
	var client, server *tracefile.Span
	if _, err := tracefile.Read(strings.NewReader(file), func(s *tracefile.Span) {
		if strings.Contains(s.Name, "Health") {
			t.Errorf("health check is traced: %s", s.Name)
		}
		switch s.Kind {
		case "client":
			client = s
		case "server":
			server = s
		}
	}); err != nil {
		t.Fatal(err)
	}
	if client == nil || server == nil || server.Parent != client.ID || server.Trace != client.Trace {
		t.Errorf("client span %+v, server span %+v: want the one below the other", client, server)
	}
}

func TestTraceFileIsShared(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	if err := os.WriteFile(path, []byte(`{"trace":"cut of`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"planner", "policy"} {
		p, err := telemetry.Setup(t.Context(), telemetry.Options{Service: service, TraceFile: path})
		if err != nil {
			t.Fatal(err)
		}
		_, span := p.Tracer.Start(t.Context(), "hello")
		span.SetAttributes(attribute.Float64(names.ScoreMin, math.NaN()))
		span.End()
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var services []string
	tally, err := tracefile.Read(file, func(s *tracefile.Span) { services = append(services, s.Service) })
	if err != nil {
		t.Fatal(err)
	}
	if want := (tracefile.Tally{Spans: 2, Foreign: 1}); tally != want {
		t.Errorf("tally %+v, want %+v", tally, want)
	}
	if got, want := strings.Join(services, " "), "planner policy"; got != want {
		t.Errorf("services %q, want %q", got, want)
	}
}
