package telemetry

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// Labels say what a measurement is of. An empty field is no label.
type Labels struct {
	Phase    string // names.PhaseQueue, PhaseGenerate or PhaseScore
	HasDepth bool
	Depth    int    // see DepthLabel
	Strategy string // see KnownStrategy
	Model    string // that an engine reports
	Outcome  string
	Service  string
	Kind     string
}

// options holds the option of a measurement by its labels, so that a measurement makes no attribute set. All labels
// have few values.
var options = struct {
	mu       sync.RWMutex
	byLabels map[Labels]*option
}{byLabels: make(map[Labels]*option)}

// An option is the attribute set of some labels, as each kind of instrument takes it.
type option struct {
	record []metric.RecordOption
	add    []metric.AddOption
}

// optionOf returns the option of l.
func optionOf(l Labels) *option {
	l.Depth = min(max(l.Depth, 0), maxDepthLabel)
	options.mu.RLock()
	o := options.byLabels[l]
	options.mu.RUnlock()
	if o != nil {
		return o
	}
	set := metric.WithAttributeSet(attribute.NewSet(l.attributes()...))
	o = &option{record: []metric.RecordOption{set}, add: []metric.AddOption{set}}
	options.mu.Lock()
	defer options.mu.Unlock()
	options.byLabels[l] = o
	return o
}

// attributes returns the labels that are not empty.
func (l Labels) attributes() (all []attribute.KeyValue) {
	if l.HasDepth {
		all = append(all, DepthLabel(l.Depth))
	}
	for key, value := range map[string]string{
		names.LabelPhase: l.Phase, names.LabelStrategy: l.Strategy, names.LabelModel: l.Model,
		names.LabelOutcome: l.Outcome, names.LabelService: l.Service, names.LabelKind: l.Kind,
	} {
		if value != "" {
			all = append(all, attribute.String(key, value))
		}
	}
	return all
}
