package policyqueue

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Setup creates or updates the stream, the buckets, and the consumers of cfg's model by the
// current settings of the queue. Several processes may call it concurrently.
func Setup(ctx context.Context, js jetstream.JetStream, cfg Config) error {
	cfg, err := cfg.complete()
	if err != nil {
		return err
	}
	settings, _, err := ReadSettings(ctx, js)
	if err != nil {
		return err
	}
	_, err = setup(ctx, js, cfg, settings)
	return err
}

// setup is Setup with these settings. It also deletes the consumers of partitions that the
// settings no longer have. retiring reports whether some of those still have jobs.
func setup(
	ctx context.Context, js jetstream.JetStream, cfg Config, settings protocol.Settings,
) (retiring bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("create queue of model %q: %w: is JetStream enabled, for %d replicas?",
				cfg.Model.Name, err, cfg.Replicas)
		}
	}()
	if _, err := js.CreateOrUpdateKeyValue(ctx, settingsBucket(cfg.Replicas)); err != nil {
		return false, fmt.Errorf("bucket %s: %w", protocol.SettingsBucket, err)
	}
	if _, err := js.CreateOrUpdateKeyValue(ctx, cfg.workersBucket()); err != nil {
		return false, fmt.Errorf("bucket %s: %w", protocol.WorkersBucket, err)
	}
	if _, err := js.CreateOrUpdateKeyValue(ctx, cfg.modelsBucket()); err != nil {
		return false, fmt.Errorf("bucket %s: %w", protocol.ModelsBucket, err)
	}
	stream, err := js.CreateOrUpdateStream(ctx, cfg.stream(settings.Partitions))
	if err != nil {
		return false, fmt.Errorf("stream %s: %w", protocol.Stream, err)
	}
	group, creating := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for p := range settings.Partitions {
		group.Go(func() error {
			consumer := cfg.consumer(p, settings.Partitions)
			if _, err := stream.CreateOrUpdateConsumer(creating, consumer); err != nil {
				return fmt.Errorf("consumer %s: %w", consumer.Durable, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return false, err
	}
	return retire(ctx, stream, cfg.Model.Name, settings.Partitions)
}

// retire deletes the model's consumers of partitions that the stream no longer has: those
// whose number is at least partitions. It keeps consumers that still have jobs; retiring
// reports whether there are any.
func retire(ctx context.Context, stream jetstream.Stream, model string, partitions int) (retiring bool, err error) {
	consumers := stream.ListConsumers(ctx)
	var empty []string
	for info := range consumers.Info() {
		if m, p, ok := protocol.ParseConsumer(info.Name); !ok || m != model || p < partitions {
			continue
		}
		if info.NumPending > 0 || info.NumAckPending > 0 {
			retiring = true
			continue
		}
		empty = append(empty, info.Name)
	}
	if err := consumers.Err(); err != nil {
		return false, fmt.Errorf("consumers of stream %s: %w", protocol.Stream, err)
	}
	for _, name := range empty {
		if err := stream.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return false, fmt.Errorf("consumer %s: %w", name, err)
		}
	}
	return retiring, nil
}
