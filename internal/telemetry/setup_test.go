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
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
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
	mu       sync.Mutex
	names    []string
	requests []*collector.ExportTraceServiceRequest
}

func (s *traceSink) Export(
	_ context.Context, r *collector.ExportTraceServiceRequest,
) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
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
	if want := (tracefile.Tally{Files: 1, Spans: 2, Foreign: 1}); tally != want {
		t.Errorf("tally %+v, want %+v", tally, want)
	}
	if got, want := strings.Join(services, " "), "planner policy"; got != want {
		t.Errorf("services %q, want %q", got, want)
	}
}

// Each process has a name, a version and an instance of its own, and the variables win over them.
func TestResource(t *testing.T) {
	resource := func(o telemetry.Options) map[string]string {
		p, err := telemetry.Setup(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Shutdown(t.Context())
		got := map[string]string{}
		info := regexp.MustCompile(`target_info\{(.*)\}`).FindStringSubmatch(telemetrytest.Scrape(t, p))
		for _, pair := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(strings.Join(info, ""), -1) {
			got[pair[1]] = pair[2]
		}
		return got
	}
	telemetrytest.ClearEnvironment(t)
	options := telemetry.Options{Service: "planner", Version: "v9"}
	first, second := resource(options), resource(options)
	if id := first["service_instance_id"]; id == "" || id == second["service_instance_id"] {
		t.Errorf("service.instance.id of two processes: %q and %q, want two", id, second["service_instance_id"])
	}
	if first["service_name"] != "planner" || first["service_version"] != "v9" {
		t.Errorf("resource %v, want planner and v9", first)
	}
	t.Setenv("OTEL_SERVICE_NAME", "planner-eu")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=pod-7,service.version=v10,deployment.environment.name=test")
	got := resource(options)
	for key, want := range map[string]string{
		"service_name": "planner-eu", "service_version": "v10", "service_instance_id": "pod-7", "deployment_environment_name": "test",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}

// The standard variables set the limits of spans; without them a span has an event for each of 4096 children.
func TestSpanLimits(t *testing.T) {
	for _, c := range []struct {
		name           string
		env            map[string]string
		events, length int
	}{
		{"default", nil, 4096, 300},
		{"events", map[string]string{"OTEL_SPAN_EVENT_COUNT_LIMIT": "100"}, 100, 300},
		{"length of values", map[string]string{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "10"}, 4096, 10},
		{"no number", map[string]string{"OTEL_SPAN_EVENT_COUNT_LIMIT": "many"}, 4096, 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			telemetrytest.ClearEnvironment(t)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			p, err := telemetry.Setup(t.Context(), telemetry.Options{Service: "x", TraceFile: filepath.Join(t.TempDir(), "trace.jsonl")})
			if err != nil {
				t.Fatal(err)
			}
			_, span := p.Tracer.Start(t.Context(), "x")
			span.SetAttributes(attribute.String("text", strings.Repeat("a", 300)))
			for range 5000 {
				span.AddEvent("child", trace.WithAttributes(attribute.Int("ordinal", 1)))
			}
			span.End()
			_, file := telemetrytest.Finish(t, p)
			if tally, err := tracefile.Read(strings.NewReader(file), func(s *tracefile.Span) {
				if len(s.Events) != c.events {
					t.Errorf("%d events, want %d", len(s.Events), c.events)
				}
				if got, _ := s.Attributes["text"].(string); len(got) != c.length {
					t.Errorf("a text has %d bytes, want %d", len(got), c.length)
				}
			}); err != nil || tally.Spans != 1 {
				t.Errorf("the file has %+v: %v", tally, err)
			}
		})
	}
}
