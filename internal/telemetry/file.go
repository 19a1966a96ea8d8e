package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/tracefile"
)

// A lineExporter writes spans in the format of package tracefile.
type lineExporter struct {
	mu  sync.Mutex
	out io.Writer
}

// ExportSpans implements trace.SpanExporter. It writes all lines by one call, since several
// processes may append to the file.
func (e *lineExporter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, s := range spans {
		if err := encoder.Encode(lineOf(s)); err != nil {
			return fmt.Errorf("encode span %q: %w", s.Name(), err)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.out.Write(lines.Bytes()); err != nil {
		return fmt.Errorf("write spans: %w", err)
	}
	return nil
}

func (e *lineExporter) Shutdown(context.Context) error {
	if file, ok := e.out.(*os.File); ok && file != os.Stderr {
		return file.Close()
	}
	return nil
}

// openTraceFile opens a file for appending. It adds a newline to an incomplete last line, so
// that the next span begins a line.
func openTraceFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open trace file: %w", err)
	}
	var last [1]byte
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		if _, err = file.ReadAt(last[:], info.Size()-1); err == nil && last[0] != '\n' {
			_, err = file.WriteString("\n")
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the end of trace file: %w", err), file.Close())
	}
	return file, nil
}

func lineOf(s sdktrace.ReadOnlySpan) tracefile.Span {
	line := tracefile.Span{
		Trace: s.SpanContext().TraceID().String(), ID: s.SpanContext().SpanID().String(),
		Name: s.Name(), Kind: strings.ToLower(s.SpanKind().String()),
		Start: s.StartTime().UnixNano(), End: s.EndTime().UnixNano(),
		Message: s.Status().Description, Attributes: attributesOf(s.Attributes()),
	}
	if s.Parent().HasSpanID() {
		line.Parent = s.Parent().SpanID().String()
	}
	line.Service, line.Instance = resourceText(s, names.ServiceName), resourceText(s, names.ServiceInstance)
	if s.Status().Code != codes.Unset {
		line.Status = strings.ToLower(s.Status().Code.String())
	}
	for _, e := range s.Events() {
		line.Events = append(line.Events, tracefile.Event{
			Name: e.Name, Time: e.Time.UnixNano(), Attributes: attributesOf(e.Attributes),
		})
	}
	for _, l := range s.Links() {
		line.Links = append(line.Links, tracefile.Link{
			Trace: l.SpanContext.TraceID().String(), Span: l.SpanContext.SpanID().String(),
		})
	}
	return line
}

// resourceText returns a text attribute of the process that made s, or "".
func resourceText(s sdktrace.ReadOnlySpan, key attribute.Key) string {
	value, _ := s.Resource().Set().Value(key)
	return value.AsString()
}

func attributesOf(pairs []attribute.KeyValue) map[string]any {
	attributes := make(map[string]any, len(pairs))
	for _, a := range pairs {
		value := a.Value.AsInterface()
		if f, ok := value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			value = a.Value.String() // JSON has no such number
		}
		attributes[string(a.Key)] = value
	}
	return attributes
}
