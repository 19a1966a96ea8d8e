// Package telemetrytest sets up telemetry in tests and returns the metrics and spans.
package telemetrytest

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/telemetry"
)

// ClearEnvironment removes the variables of OpenTelemetry for the time of the test.
func ClearEnvironment(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
}

// Setup returns the providers of a process that writes its spans to a file. The test must
// call Finish.
func Setup(t *testing.T, o telemetry.Options) *telemetry.Providers { return SetupWith(t, o) }

// SetupWith is Setup with variables of OpenTelemetry: names and values.
func SetupWith(t *testing.T, o telemetry.Options, environment ...string) *telemetry.Providers {
	t.Helper()
	ClearEnvironment(t)
	for pair := range slices.Chunk(environment, 2) {
		t.Setenv(pair[0], pair[1])
	}
	o.Service = "mesh"
	o.TraceFile = filepath.Join(t.TempDir(), "trace.jsonl")
	p, err := telemetry.Setup(t.Context(), o)
	if err != nil {
		t.Fatalf("Setup: %v", err)
	}
	return p
}

// Finish shuts p down and returns what it served on /metrics and wrote to its file.
func Finish(t *testing.T, p *telemetry.Providers) (metrics, file string) {
	t.Helper()
	metrics = Scrape(t, p)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	text, err := os.ReadFile(p.TraceFile)
	if err != nil {
		t.Error(err)
	}
	return metrics, string(text)
}

// Scrape returns what p serves on /metrics as OpenMetrics.
func Scrape(t *testing.T, p *telemetry.Providers) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	p.Metrics.ServeHTTP(w, r)
	return w.Body.String()
}
