package telemetry

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A distinct gathers without counters whose name, without its suffix _total, is that of another metric: in OpenMetrics
// both would be one metric, of two types. There is one, go_memstats_alloc_bytes_total; go_memstats_alloc_bytes remains.
type distinct struct{ prometheus.Gatherer }

// Gather implements prometheus.Gatherer.
func (d distinct) Gather() ([]*dto.MetricFamily, error) {
	families, err := d.Gatherer.Gather()
	names := make(map[string]bool, len(families))
	for _, f := range families {
		names[f.GetName()] = true
	}
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool {
		base, counts := strings.CutSuffix(f.GetName(), "_total")
		return counts && names[base]
	}), err
}
