package telemetry

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A ModelName is what an engine calls its model, once that is known. A request may
// ask for any name, so the name in a request never becomes a label. The zero
// ModelName is not known yet. It is safe for concurrent use.
type ModelName struct{ known atomic.Pointer[string] }

// Learn calls ask for the name, unless it is known.
func (m *ModelName) Learn(ask func() (string, error)) {
	if m.known.Load() != nil {
		return
	}
	if name, err := ask(); err == nil {
		m.known.Store(&name)
	}
}

func (m *ModelName) String() string {
	if name := m.known.Load(); name != nil {
		return *name
	}
	return "unknown"
}

// Label returns the label of the model.
func (m *ModelName) Label() attribute.KeyValue { return attribute.String(names.LabelModel, m.String()) }
