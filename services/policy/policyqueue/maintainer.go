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
	// setupTimeout is the time limit of one setup.
	setupTimeout = 10 * time.Second
	// retireEvery is how often a Maintainer retries to delete the consumers of partitions
	// that the settings no longer have and that still have jobs.
	retireEvery = 2 * time.Second
)

// A Maintainer creates the queue of one model, updates it when the settings change, and
// creates it again after the server has lost it. Each planner runs one; workers and other
// clients wait for the queue. Make it with [NewMaintainer].
type Maintainer struct {
	cfg      Config
	nc       *nats.Conn
	js       jetstream.JetStream
	monitor  *Monitor
	settings *settingsFollower
	trigger  trigger // another setup is due

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
	m := &Maintainer{cfg: cfg, nc: nc, js: monitor.js, monitor: monitor, trigger: newTrigger()}
	m.settings = newSettingsFollower(m.js, m.trigger.signal)
	return m, nil
}

// Run calls [Setup] at once, after each reconnect, when the settings change, and when Ready
// finds that a part of the queue is missing. It returns nil when ctx ends.
func (m *Maintainer) Run(ctx context.Context) error {
	var following sync.WaitGroup
	defer following.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	following.Go(func() { m.settings.run(ctx) })
	loop{nc: m.nc, action: m.setup, trigger: m.trigger}.run(ctx)
	return nil
}

// Ready returns nil if the queue exists. Otherwise it returns the error of the last setup,
// or of the check, and triggers another setup. A service calls it repeatedly, as a check.
func (m *Maintainer) Ready(ctx context.Context) error {
	err := m.monitor.Ready(ctx)
	if err == nil {
		return nil
	}
	m.trigger.signal()
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
		time.AfterFunc(retireEvery, m.trigger.signal)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	return err
}
