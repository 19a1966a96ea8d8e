package policyqueue

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
)

// setupTimeout is how long one Setup may take.
const setupTimeout = 10 * time.Second

// A Maintainer makes the queue of one model, and makes it again when the server has
// lost it. Planners run one; workers and other clients wait for it. Make it with
// [NewMaintainer].
type Maintainer struct {
	cfg     Config
	nc      *nats.Conn
	js      jetstream.JetStream
	monitor *Monitor
	missing chan struct{} // holds one value if Ready found that something does not exist

	mu  sync.Mutex
	err error // of the last Setup
}

// NewMaintainer returns a maintainer of the queue of cfg's model.
func NewMaintainer(nc *nats.Conn, cfg Config) (*Maintainer, error) {
	monitor, err := NewMonitor(nc, cfg)
	if err != nil {
		return nil, err
	}
	return &Maintainer{cfg: monitor.cfg, nc: nc, js: monitor.js, monitor: monitor, missing: make(chan struct{}, 1)}, nil
}

// Run calls [Setup] at once, whenever the connection is back, and whenever Ready finds
// that something of the queue does not exist, until ctx ends.
func (m *Maintainer) Run(ctx context.Context) error {
	connected := m.nc.StatusChanged(nats.CONNECTED)
	defer m.nc.RemoveStatusListener(connected)
	for {
		m.setup(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-connected:
		case <-m.missing:
		}
	}
}

// Ready returns nil if the queue exists, else why it could not be made or read. It is
// the check of a service, which is repeated.
func (m *Maintainer) Ready(ctx context.Context) error {
	err := m.monitor.Ready(ctx)
	if err == nil {
		return nil
	}
	select {
	case m.missing <- struct{}{}:
	default:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(m.err, err)
}

func (m *Maintainer) setup(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	err := natsx.Connected(ctx, m.nc)
	if err == nil {
		err = Setup(ctx, m.js, m.cfg)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}
