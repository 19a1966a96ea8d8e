package telemetry

import (
	"os"
	"strings"
	"testing"
)

// clear removes the variables of OpenTelemetry for the time of the test.
func clear(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
}

func TestEnvironment(t *testing.T) {
	type env map[string]string
	for _, c := range []struct {
		name            string
		env             env
		traces, metrics string
		err             string
	}{
		{"nothing", nil, "", "prometheus", ""},
		{"endpoint", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}, "otlp", "prometheus otlp", ""},
		{"endpoint of traces", env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4317"}, "otlp", "prometheus", ""},
		{"endpoint of metrics", env{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4317"}, "", "prometheus otlp", ""},
		{"endpoint but none", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, "", "", ""},
		{"otlp at its default place", env{"OTEL_TRACES_EXPORTER": "otlp"}, "otlp", "prometheus", ""},
		{"lists", env{"OTEL_TRACES_EXPORTER": "console, otlp,otlp", "OTEL_METRICS_EXPORTER": "otlp"}, "console otlp", "otlp", ""},
		{"disabled", env{"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"}, "", "", ""},
		{"not disabled", env{"OTEL_SDK_DISABLED": "1"}, "", "prometheus", ""},
		{"unknown", env{"OTEL_TRACES_EXPORTER": "zipkin"}, "", "", `OTEL_TRACES_EXPORTER: must be a list of none, otlp, console, has "zipkin"`},
		{"protocol", env{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "", "", `OTEL_EXPORTER_OTLP_PROTOCOL: must be grpc, is "http/protobuf"`},
		{"protocol of traces", env{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "otlp", "prometheus", ""},
		{"protocol of nothing", env{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "", "prometheus", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(t)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			got, err := readEnvironment()
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if traces, metrics := strings.Join(got.traces, " "), strings.Join(got.metrics, " "); traces != c.traces || metrics != c.metrics {
				t.Errorf("traces to %q and metrics to %q, want %q and %q", traces, metrics, c.traces, c.metrics)
			}
		})
	}
}
