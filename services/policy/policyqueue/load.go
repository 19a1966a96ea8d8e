package policyqueue

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Load is the load of a model's queue, summed over its consumers.
type Load struct {
	Queued  int `json:"queued"`  // jobs that are not delivered (JetStream's NumPending)
	Running int `json:"running"` // jobs that are delivered and not acknowledged, or due again (NumAckPending)
	Waiting int `json:"waiting"` // pulls that wait for a job (NumWaiting)
}

// loads returns the load of each model that has a consumer.
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
