package policyqueue

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Monitor reports how a model's queue is doing. It asks NATS each time, and needs no
// goroutine or subscription meanwhile. Make it with [NewMonitor].
type Monitor struct {
	cfg Config
	nc  *nats.Conn
	js  jetstream.JetStream
}

// NewMonitor returns a monitor of the queue that [Setup] makes.
func NewMonitor(nc *nats.Conn, cfg Config) (*Monitor, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(natsTimeout))
	if err != nil {
		return nil, fmt.Errorf("queue monitor: %w", err)
	}
	return &Monitor{cfg: cfg, nc: nc, js: js}, nil
}

// Ready returns nil if NATS answers and has the model's consumers.
func (m *Monitor) Ready(ctx context.Context) error {
	if err := natsx.Connected(ctx, m.nc); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	stream, err := m.js.Stream(ctx, protocol.Stream)
	if err != nil {
		return fmt.Errorf("stream %s at %s: %w", protocol.Stream, m.nc.ConnectedUrlRedacted(), err)
	}
	exists := make(map[string]bool)
	names := stream.ConsumerNames(ctx)
	for name := range names.Name() {
		exists[name] = true
	}
	if err := names.Err(); err != nil {
		return fmt.Errorf("consumers of stream %s at %s: %w", protocol.Stream, m.nc.ConnectedUrlRedacted(), err)
	}
	for p := range m.cfg.Partitions {
		if name := protocol.Consumer(m.cfg.Model.Name, p); !exists[name] {
			return fmt.Errorf("consumer %s at %s: %w: start a planner of model %q", name, m.nc.ConnectedUrlRedacted(),
				jetstream.ErrConsumerNotFound, m.cfg.Model.Name)
		}
	}
	return nil
}

// A Load says how busy a model's queue is.
type Load struct {
	Queued  int // jobs that no worker has
	Running int // jobs that a worker has, or had when it died
	Waiting int // pulls of workers with free slots
}

// Load returns how busy the queue is.
func (m *Monitor) Load(ctx context.Context) (Load, error) {
	var l Load
	stream, err := m.js.Stream(ctx, protocol.Stream)
	if err != nil {
		return l, fmt.Errorf("load of stream %s: %w", protocol.Stream, unavailable(err))
	}
	consumers := stream.ListConsumers(ctx)
	for info := range consumers.Info() {
		if protocol.ConsumerOf(info.Name, m.cfg.Model.Name) {
			l.Queued += int(info.NumPending)
			l.Running += info.NumAckPending
			l.Waiting += info.NumWaiting
		}
	}
	if err := consumers.Err(); err != nil {
		return Load{}, fmt.Errorf("load of stream %s: %w", protocol.Stream, unavailable(err))
	}
	return l, nil
}
