package policyqueue

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Monitor reports how a model's queue is doing. It asks NATS each time, and needs no
// goroutine or subscription meanwhile. Make it with [NewMonitor].
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

// Ready returns nil if NATS answers and has a consumer of the model for each partition.
func (m *Monitor) Ready(ctx context.Context) error {
	if !m.nc.IsConnected() {
		return natsx.Connected(ctx, m.nc)
	}
	numbers, total, err := m.partitions(ctx)
	if err != nil {
		return fmt.Errorf("NATS at %s: %w", m.nc.ConnectedUrlRedacted(), err)
	}
	for p := range total {
		if !slices.Contains(numbers, p) {
			return fmt.Errorf("NATS at %s: consumer %s: %w: a planner for model %q makes it", m.nc.ConnectedUrlRedacted(),
				protocol.Consumer(m.model, p), jetstream.ErrConsumerNotFound, m.model)
		}
	}
	return nil
}

// partitions returns the numbers of the partitions in which the model has a consumer,
// and over how many partitions the stream spreads searches.
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

// A Load says how busy a model's queue is.
type Load struct {
	Queued  int `json:"queued"`  // jobs that no worker has
	Running int `json:"running"` // jobs that a worker has, or had when it died
	Waiting int `json:"waiting"` // pulls of workers with free slots
}

// Load returns how busy the queue is.
func (m *Monitor) Load(ctx context.Context) (Load, error) {
	loads, err := loads(ctx, m.js)
	if err != nil {
		return Load{}, err
	}
	return loads[m.model], nil
}

// loads returns how busy the queue of each model is that has a consumer.
func loads(ctx context.Context, js jetstream.JetStream) (map[string]Load, error) {
	stream, err := js.Stream(ctx, protocol.Stream)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", protocol.Stream, classify(ctx, err))
	}
	loads := make(map[string]Load)
	consumers := stream.ListConsumers(ctx)
	for info := range consumers.Info() {
		if model, _, ok := protocol.ParseConsumer(info.Name); ok {
			l := loads[model]
			l.Queued += int(info.NumPending)
			l.Running += info.NumAckPending
			l.Waiting += info.NumWaiting
			loads[model] = l
		}
	}
	if err := consumers.Err(); err != nil {
		return nil, fmt.Errorf("consumers of stream %s: %w", protocol.Stream, classify(ctx, err))
	}
	return loads, nil
}
