package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Monitor reports the readiness and the load of a model's queue. It holds no state: each
// method sends requests to NATS. Make it with [NewMonitor].
type Monitor struct {
	model string
	nc    *nats.Conn
	js    jetstream.JetStream
}

// NewMonitor returns a monitor of the queue of cfg's model.
func NewMonitor(nc *nats.Conn, cfg Config) (*Monitor, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(natsTimeout))
	if err != nil {
		return nil, fmt.Errorf("queue monitor: %w", err)
	}
	return &Monitor{model: cfg.Model.Name, nc: nc, js: js}, nil
}

// Ready returns nil if NATS responds and has a consumer of the model in each partition.
func (m *Monitor) Ready(ctx context.Context) error {
	if !m.nc.IsConnected() {
		return natsx.Connected(ctx, m.nc)
	}
	numbers, total, err := m.partitions(ctx)
	for p := 0; err == nil && p < total; p++ {
		if !slices.Contains(numbers, p) {
			err = fmt.Errorf("consumer %s: %w", protocol.Consumer(m.model, p), jetstream.ErrConsumerNotFound)
		}
	}
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrConsumerNotFound):
		return fmt.Errorf("NATS at %s: %w: start a planner of model %q, which creates it",
			m.nc.ConnectedUrlRedacted(), err, m.model)
	case err != nil:
		return fmt.Errorf("NATS at %s: %w", m.nc.ConnectedUrlRedacted(), err)
	}
	return nil
}

// partitions returns the numbers of the partitions in which the model has a consumer, and
// the total number of partitions of the stream.
func (m *Monitor) partitions(ctx context.Context) (numbers []int, total int, err error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	stream, err := m.js.Stream(ctx, protocol.Stream)
	if err != nil {
		return nil, 0, fmt.Errorf("stream %s: %w", protocol.Stream, err)
	}
	if transform := stream.CachedInfo().Config.SubjectTransform; transform != nil {
		total = protocol.Partitions(transform.Destination)
	}
	names := stream.ConsumerNames(ctx)
	for name := range names.Name() {
		if model, p, ok := protocol.ParseConsumer(name); ok && model == m.model {
			numbers = append(numbers, p)
		}
	}
	if err := names.Err(); err != nil {
		return nil, 0, fmt.Errorf("consumers of stream %s: %w", protocol.Stream, err)
	}
	return numbers, total, nil
}

// Load returns the load of the model's queue.
func (m *Monitor) Load(ctx context.Context) (Load, error) {
	loads, err := loads(ctx, m.js)
	if err != nil {
		return Load{}, err
	}
	return loads[m.model], nil
}
