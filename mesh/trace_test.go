package mesh_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// canary is the text of the problem, to look for in spans.
const canary = "the marmalade is hidden under 4711"

// A search is one trace through gRPC and NATS, without the text of the problem.
func TestSearchIsOneTraceWithoutContent(t *testing.T) {
	spans := traced(t, false)
	byID := map[trace.SpanID]tracetest.SpanStub{}
	for _, s := range spans {
		byID[s.SpanContext.SpanID()] = s
	}
	searches := map[trace.TraceID]int{}
	paths := map[string]int{}
	for _, s := range spans {
		if operation(s) == names.SpanSearch {
			searches[s.SpanContext.TraceID()]++
		}
		switch operation(s) {
		case names.SpanGenerate, names.SpanScore:
			paths[ancestry(byID, s)]++
		}
	}
	if len(searches) != 2 {
		t.Errorf("two searches have traces %v, want two", searches)
	}
	for _, s := range spans {
		if searches[s.SpanContext.TraceID()] != 1 && ofSearch(s) {
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
			t.Errorf("span %q has the text of the problem", s.Name)
		}
	}
}

// The negative control: with content capture on, a span has the text of the problem.
func TestTraceHasContentIfCaptured(t *testing.T) {
	hasCanary := func(s tracetest.SpanStub) bool { return strings.Contains(fmt.Sprintf("%+v", s), canary) }
	if !slices.ContainsFunc(traced(t, true), hasCanary) {
		t.Error("no span has the text of the problem, with content capture on")
	}
}

// ofSearch reports whether a span has a search's id.
func ofSearch(s tracetest.SpanStub) bool {
	return slices.ContainsFunc(s.Attributes, func(a attribute.KeyValue) bool { return a.Key == names.SearchID })
}

// operation returns what a span is, or "" if it is not Ponder's.
func operation(s tracetest.SpanStub) string {
	for _, a := range s.Attributes {
		if a.Key == names.Operation {
			return a.Value.AsString()
		}
	}
	return ""
}

// label returns the operation of a span, with its depth if it is that of a depth.
func label(s tracetest.SpanStub) string {
	if operation(s) == names.SpanDepth {
		return s.Name
	}
	return operation(s)
}

// ancestry returns the operations of a span and its ancestors up to the search, without
// gRPC's spans.
func ancestry(byID map[trace.SpanID]tracetest.SpanStub, s tracetest.SpanStub) string {
	path := operation(s)
	for operation(s) != names.SpanSearch {
		parent, ok := byID[s.Parent.SpanID()]
		if !ok {
			return path + " < no parent"
		}
		if s = parent; ofSearch(s) {
			path += " < " + label(s)
		}
	}
	return path
}

// traced returns the spans of two beam searches of two levels of four children.
func traced(t *testing.T, content bool) []tracetest.SpanStub {
	var requests []planner.Request
	for seed := range 2 {
		r := requestFor(beam(4, 2))
		r.Problem = fmt.Sprint(canary, " of ", seed) // different, so that the memo has no results of it
		requests = append(requests, r)
	}
	return tracedRun(t, content, distinct(), requests...)
}

// tracedRun returns the spans of searches, one after the other, by all services over gRPC and NATS.
func tracedRun(t *testing.T, content bool, engine policy.Policy, requests ...planner.Request) (spans []tracetest.SpanStub) {
	memory := tracetest.NewInMemoryExporter()
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(memory))
		meters := metricnoop.NewMeterProvider()
		instruments, err := telemetry.NewInstruments(tracers, meters)
		if err != nil {
			t.Fatal(err)
		}
		instruments.Content = content
		t.Cleanup(func() {
			spans = memory.GetSpans()
			if err := tracers.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
		m := start(t, s, mesh.Config{
			Policy: engine, Verifier: verifiertest.Steps(time.Second), Provider: func() string { return "script" },
			Telemetry: &telemetry.Providers{
				Instruments: instruments, Tracers: tracers, Meters: meters, Propagator: propagation.TraceContext{},
			},
		})
		for _, request := range requests {
			outcome, _ := solve(t, m, request)
			complete(t, outcome)
		}
	})
	return spans
}

// distinct returns a policy of two-step solutions without equal paths, so that no score is in the
// memo.
func distinct() *policytest.Script {
	return &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		child := solution(fmt.Sprint(ordinal))
		if len(r.Steps) == 0 {
			child.Finish = reasoning.FinishStep
		}
		return policytest.Reply{Child: child, Delay: 10 * time.Second}
	}}
}
