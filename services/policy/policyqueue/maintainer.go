package policyqueue

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// setupTimeout is how long one setup may take.
	setupTimeout = 10 * time.Second
	// retireEvery is how often a Maintainer looks whether the jobs of partitions that are
	// to be deleted are done.
	retireEvery = 2 * time.Second
)

// A Maintainer makes the queue of one model, keeps it as the settings are, and makes it
// again when the server has lost it. Planners run one; workers and other clients wait
// for it. Make it with [NewMaintainer].
type Maintainer struct {
	cfg      Config
	nc       *nats.Conn
	js       jetstream.JetStream
	monitor  *Monitor
	settings *settingsFollower
	trigger  chan struct{} // for another setup

	mu  sync.Mutex
	err error // of the last setup
}

// NewMaintainer returns a maintainer of the queue of cfg's model.
func NewMaintainer(nc *nats.Conn, cfg Config) (*Maintainer, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	monitor, err := NewMonitor(nc, cfg)
	if err != nil {
		return nil, err
	}
	m := &Maintainer{cfg: cfg, nc: nc, js: monitor.js, monitor: monitor, trigger: make(chan struct{}, 1)}
	m.settings = newSettingsFollower(m.js, func() { signal(m.trigger) })
	return m, nil
}

// Run calls [Setup] at once, whenever the connection is back or the settings change,
// and whenever Ready finds that something of the queue does not exist, until ctx ends.
func (m *Maintainer) Run(ctx context.Context) error {
	var following sync.WaitGroup
	defer following.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	following.Go(func() { m.settings.run(ctx) })
	repeat(ctx, m.nc, m.trigger, 0, m.setup)
	return nil
}

// Ready returns nil if the queue exists, else why it could not be made or read. It is
// the check of a service, which is repeated.
func (m *Maintainer) Ready(ctx context.Context) error {
	err := m.monitor.Ready(ctx)
	if err == nil {
		return nil
	}
	signal(m.trigger)
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(m.err, err)
}

func (m *Maintainer) setup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	retiring := false
	settings, err := m.settings.wait(ctx)
	if err == nil {
		retiring, err = setup(ctx, m.js, m.cfg, settings)
	}
	if retiring {
		time.AfterFunc(retireEvery, func() { signal(m.trigger) })
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	return err
}
