package telemetry_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/internal/tracefile"
)

// What a collector gets by OTLP and writes to a file as JSON has the same spans as the file of the process itself: in
// the encoding that OTLP defines, with ids in hexadecimal digits, a request a line or indented, and in the usual one of
// protobuf.
func TestFilesOfACollectorHaveTheSameSpans(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	sink := &traceSink{}
	_, address := serve(t, func(s *grpc.Server) { collector.RegisterTraceServiceServer(s, sink) })
	p := telemetrytest.SetupWith(t, telemetry.Options{}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"+address)
	ctx, parent := p.Tracer.Start(t.Context(), "invoke_workflow beam", trace.WithAttributes(
		attribute.String(names.Operation, names.SpanSearch), attribute.String(names.SearchID, "01A")))
	_, span := p.Tracer.Start(ctx, "text_completion m", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithLinks(trace.LinkFromContext(ctx)), trace.WithAttributes(attribute.Int(names.Depth, 2),
			attribute.Float64(names.QueueWait, .5), attribute.StringSlice(names.GenAIFinish, []string{"step", "end"}), attribute.Bool("b", true)))
	span.AddEvent(names.EventChild, trace.WithAttributes(attribute.Int(names.ChildOrdinal, 7), attribute.String(names.ChildFinish, "\"\n{")))
	p.Fail(span, errors.New("hiccup"))
	span.End()
	parent.End()
	_, own := telemetrytest.Finish(t, p)

	var hexadecimal, protobuf bytes.Buffer
	for _, r := range sink.requests {
		for _, process := range r.ResourceSpans {
			if got, want := process.SchemaUrl+process.ScopeSpans[0].SchemaUrl, names.SchemaURL+names.SchemaURL; got != want {
				t.Errorf("schemas of the process and of the spans are %s, want %s", got, want)
			}
		}
		text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		ids := regexp.MustCompile(`"(traceId|spanId|parentSpanId)":\s*"([^"]+)"`)
		hexadecimal.Write(ids.ReplaceAllFunc(text, func(match []byte) []byte {
			part := ids.FindSubmatch(match)
			raw, err := base64.StdEncoding.DecodeString(string(part[2]))
			if err != nil {
				t.Fatal(err)
			}
			return []byte(`"` + string(part[1]) + `":"` + hex.EncodeToString(raw) + `"`)
		}))
		hexadecimal.WriteString("\n")
		if text, err = (protojson.MarshalOptions{}).Marshal(r); err != nil {
			t.Fatal(err)
		}
		protobuf.Write(append(text, '\n'))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, hexadecimal.Bytes(), "", "\t"); err != nil {
		t.Fatal(err)
	}
	want := spansOf(t, own)
	if len(want) != 2 {
		t.Fatalf("the process's file has %d spans, want 2", len(want))
	}
	for name, text := range map[string]string{
		"hexadecimal": hexadecimal.String(), "indented": indented.String(), "protobuf": protobuf.String(),
	} {
		if diff := cmp.Diff(spansOf(t, text), want); diff != "" {
			t.Errorf("%s: got -, the process's file +:\n%s", name, diff)
		}
	}
}

// spansOf returns the spans of a file by id.
func spansOf(t *testing.T, text string) map[string]*tracefile.Span {
	t.Helper()
	spans := map[string]*tracefile.Span{}
	if _, err := tracefile.Read(strings.NewReader(text), func(s *tracefile.Span) { spans[s.ID] = s }); err != nil {
		t.Fatal(err)
	}
	return spans
}
