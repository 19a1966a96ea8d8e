package telemetry

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// observeBuild exposes the version of the process, its commit and its Go.
func observeBuild(meters metric.MeterProvider, o Options) error {
	m := &maker{Meter: meters.Meter(names.Scope)}
	m.gauge(names.BuildInfo, func() float64 { return 1 },
		attribute.String(names.LabelVersion, cmp.Or(o.Version, "unknown")),
		attribute.String(names.LabelRevision, cmp.Or(o.Revision, recordedRevision(), "unknown")),
		attribute.String(names.LabelGo, runtime.Version()))
	return m.err()
}

// recordedRevision returns the commit that Go has recorded in the binary, "" if it has none.
func recordedRevision() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
