package telemetry

import (
	"cmp"
	"runtime"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// observeBuild exposes the version of the process, its commit and its Go.
func observeBuild(meters metric.MeterProvider, o Options) error {
	m := &maker{Meter: meters.Meter(names.Scope)}
	m.gauge(names.BuildInfo, func() float64 { return 1 },
		attribute.String(names.LabelVersion, cmp.Or(o.Version, "unknown")),
		attribute.String(names.LabelRevision, cmp.Or(o.Revision, "unknown")),
		attribute.String(names.LabelGo, runtime.Version()))
	return m.err()
}
