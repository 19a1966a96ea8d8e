package mesh_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

const canary = "the marmalade is hidden under 4711"

// A search is one trace, through gRPC and NATS, and has no text of the problem.
func TestTrace(t *testing.T) {
	spans := traced(t, false)
	byID := map[trace.SpanID]tracetest.SpanStub{}
	for _, s := range spans {
		byID[s.SpanContext.SpanID()] = s
	}
	searches := map[trace.TraceID]int{}
	paths := map[string]int{}
	for _, s := range spans {
		if s.Name == names.SpanSearch {
			searches[s.SpanContext.TraceID()]++
		}
		switch s.Name {
		case names.SpanGenerate, names.SpanScore:
			paths[ancestry(byID, s)]++
		}
	}
	if len(searches) != 2 {
		t.Errorf("two searches have traces %v", searches)
	}
	for _, s := range spans {
		if searches[s.SpanContext.TraceID()] != 1 && mine(s) {
			t.Errorf("span %q is in a trace with %d searches", s.Name, searches[s.SpanContext.TraceID()])
		}
	}
	// Of each search: level 1 has one job of four children, level 2 two jobs of two.
	want := map[string]int{
		"generate < process < send < depth 1 < search": 2, "generate < process < send < depth 2 < search": 4,
		"score < depth 1 < search": 8, "score < depth 2 < search": 8,
	}
	if fmt.Sprint(paths) != fmt.Sprint(want) {
		t.Errorf("got paths %v, want %v", paths, want)
	}
	for _, s := range spans {
		if strings.Contains(fmt.Sprintf("%+v", s), canary) {
			t.Errorf("span %q has the problem's text", s.Name)
		}
	}
}

// The canary would be seen.
func TestTraceWithContent(t *testing.T) {
	if !slices.ContainsFunc(traced(t, true), func(s tracetest.SpanStub) bool { return strings.Contains(fmt.Sprintf("%+v", s), canary) }) {
		t.Error("no span has the problem's text, though it was asked for")
	}
}

// mine says whether a span is one of a search's.
func mine(s tracetest.SpanStub) bool {
	return slices.ContainsFunc(s.Attributes, func(a attribute.KeyValue) bool { return a.Key == names.SearchID })
}

// ancestry names a span and those it is below, up to the search, without gRPC's.
func ancestry(byID map[trace.SpanID]tracetest.SpanStub, s tracetest.SpanStub) string {
	path := s.Name
	for s.Name != names.SpanSearch {
		parent, ok := byID[s.Parent.SpanID()]
		if !ok {
			return path + " < nothing"
		}
		if s = parent; mine(s) {
			path += " < " + s.Name
		}
	}
	return path
}

// traced is the spans of two beams of two levels, each of four children.
func traced(t *testing.T, content bool) (spans []tracetest.SpanStub) {
	memory := tracetest.NewInMemoryExporter()
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(memory))
		meters := metricnoop.NewMeterProvider()
		instruments, err := telemetry.NewInstruments(tracers, meters)
		if err != nil {
			t.Fatal(err)
		}
		instruments.Content = content
		otel.SetTracerProvider(tracers) // the queue's
		t.Cleanup(func() {
			spans = memory.GetSpans()
			otel.SetTracerProvider(tracenoop.NewTracerProvider())
			if err := tracers.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
		m := start(t, s, mesh.Config{
			Policy: distinct(), Verifier: verifiertest.Steps(time.Second), Provider: "script",
			Telemetry: &telemetry.Providers{Instruments: instruments, Tracers: tracers, Meters: meters, Propagator: propagation.TraceContext{}},
		})
		for seed := range uint64(2) {
			request := ask(beam(4, 2))
			request.Problem = fmt.Sprint(canary, " of ", seed) // else the second were answered by the memo
			outcome, _ := solve(t, m, request)
			complete(t, outcome)
		}
	})
	return spans
}

// distinct writes two steps, and no path twice, whose scores would be known.
func distinct() *policytest.Script {
	return &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		child := says(fmt.Sprint(ordinal))
		if len(r.Steps) == 0 {
			child.Finish = reasoning.FinishStep
		}
		return policytest.Reply{Child: child, Delay: 10 * time.Second}
	}}
}
