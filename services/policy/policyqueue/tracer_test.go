package policyqueue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// The spans of a search are one trace, from the client over the queue to the worker. A second
// attempt has the same parent as the first, and a link to it.
func TestSearchIsOneTrace(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	bubble(t, Config{Tracers: provider}, func(t *testing.T, q *rig) {
		failed := false
		engine := script(func(_ int, reply *policytest.Reply) {
			if !failed {
				failed, reply.Err = true, fmt.Errorf("hiccup")
			}
		})
		q.worker(t, engine, WorkerConfig{})
		ctx, search := provider.Tracer("test").Start(t.Context(), "search")
		r := request("s", 1)
		r.Node = "3.1"
		if _, _, err := collect(ctx, q, r); err != nil {
			t.Fatal(err)
		}
		search.End()
		time.Sleep(time.Second)

		ended := spans.Ended()
		ids := make(map[trace.SpanID]string)
		var got []string
		names := make(map[string]int)
		byStart := func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) }
		for _, s := range slices.SortedFunc(slices.Values(ended), byStart) {
			names[s.Name()]++
			ids[s.SpanContext().SpanID()] = fmt.Sprint(s.Name(), names[s.Name()])
		}
		for _, s := range ended {
			if s.SpanContext().TraceID() != search.SpanContext().TraceID() {
				t.Errorf("span %s is in another trace", s.Name())
			}
			line := ids[s.SpanContext().SpanID()] + " " + s.SpanKind().String() + " under " + ids[s.Parent().SpanID()]
			for _, l := range s.Links() {
				line += " after " + ids[l.SpanContext.SpanID()]
			}
			for _, a := range s.Attributes() {
				if k := string(a.Key); strings.HasPrefix(k, "ponder.") {
					line += fmt.Sprintf(" %s=%s", strings.TrimPrefix(k, "ponder."), a.Value.String())
				}
			}
			got = append(got, line)
		}
		slices.Sort(got)
		want := []string{
			"process EXP1 consumer under send EXP1 operation=process search.id=s node.id=3.1 depth=3 width=1 worker=worker job.attempt=1 queue.wait=0",
			"process EXP2 consumer under send EXP1 after process EXP1 operation=process search.id=s node.id=3.1 depth=3 width=1 worker=worker " +
				"job.attempt=2 queue.wait=10.25",
			"search1 internal under ",
			"send EXP1 producer under search1 operation=send search.id=s node.id=3.1 depth=3 width=1",
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("spans (got before want):\n%s", diff)
		}
	})
}
