package telemetry

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// An environment holds the standard OTEL_* variables that the SDK does not read itself.
type environment struct {
	disabled bool // OTEL_SDK_DISABLED
	content  bool // OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT
	traces   []string
	metrics  []string
}

const (
	exportOTLP       = "otlp"
	exportConsole    = "console"
	exportPrometheus = "prometheus"
	exportNone       = "none"
)

// readEnvironment reads the variables. It returns an error for a value that is not
// supported. Without any variable nothing is exported, and /metrics is served.
func readEnvironment() (environment, error) {
	e := environment{
		disabled: isTrue("OTEL_SDK_DISABLED"),
		content:  isTrue("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
	}
	if e.disabled {
		return e, nil
	}
	var traces, metrics []string
	if endpointFor("TRACES") {
		traces = []string{exportOTLP}
	}
	if metrics = []string{exportPrometheus}; endpointFor("METRICS") {
		metrics = append(metrics, exportOTLP)
	}
	var err error
	if e.traces, err = exporters("OTEL_TRACES_EXPORTER", traces, exportOTLP, exportConsole); err != nil {
		return e, err
	}
	if e.metrics, err = exporters("OTEL_METRICS_EXPORTER", metrics, exportOTLP, exportPrometheus); err != nil {
		return e, err
	}
	for signal, names := range map[string][]string{"TRACES": e.traces, "METRICS": e.metrics} {
		if !slices.Contains(names, exportOTLP) {
			continue
		}
		for _, variable := range []string{"OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
			if protocol := os.Getenv(variable); protocol != "" {
				if protocol != "grpc" {
					return e, fmt.Errorf("%s: must be grpc, is %q", variable, protocol)
				}
				break // the specific variable overrides the general one
			}
		}
	}
	return e, nil
}

func isTrue(variable string) bool { return strings.EqualFold(os.Getenv(variable), "true") }

func endpointFor(signal string) bool {
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != ""
}

// exporters returns the comma-separated list in a variable, or fallback if it is not set.
func exporters(variable string, fallback []string, known ...string) ([]string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return fallback, nil
	}
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		switch name = strings.TrimSpace(name); {
		case name == exportNone:
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("%s: must be a list of none, %s, has %q", variable, strings.Join(known, ", "), name)
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	return names, nil
}
