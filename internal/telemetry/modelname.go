package telemetry

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A ModelName is the name that an engine reports for its model. It is "unknown" until Learn
// has succeeded. The name in a request may be any and is never a label. A ModelName is safe
// for concurrent use.
type ModelName struct{ known atomic.Pointer[string] }

// Learn gets the name by fetch, unless it is known.
func (m *ModelName) Learn(fetch func() (string, error)) {
	if m.known.Load() != nil {
		return
	}
	if name, err := fetch(); err == nil {
		m.known.Store(&name)
	}
}

// Known reports whether Learn has succeeded.
func (m *ModelName) Known() bool { return m.known.Load() != nil }

func (m *ModelName) String() string {
	if name := m.known.Load(); name != nil {
		return *name
	}
	return "unknown"
}

// Label returns the label of the model.
func (m *ModelName) Label() attribute.KeyValue { return attribute.String(names.LabelModel, m.String()) }
