package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Setup creates or updates the stream, the buckets, and the consumers of cfg's model,
// as the settings of the queue are now. Several processes may call it at the same time.
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

// setup does Setup for these settings. If there are fewer partitions than before it also
// deletes the consumers of the others, and reports whether some have to wait until no
// job is left.
func setup(
	ctx context.Context, js jetstream.JetStream, cfg Config, settings protocol.Settings,
) (retiring bool, err error) {
	if _, err := js.CreateOrUpdateKeyValue(ctx, settingsBucket(cfg.Replicas)); err != nil {
		return false, fmt.Errorf("bucket %s: %w", protocol.SettingsBucket, err)
	}
	if _, err := js.CreateOrUpdateKeyValue(ctx, cfg.workersBucket()); err != nil {
		return false, fmt.Errorf("bucket %s: %w", protocol.WorkersBucket, err)
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

// retire deletes the consumers of a model's partitions beyond so many that have no job.
// No more jobs come into them, as the stream spreads searches over the others. It
// reports whether some have jobs.
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

func (c Config) stream(partitions int) jetstream.StreamConfig {
	source, destination := protocol.Transform(partitions)
	stream := jetstream.StreamConfig{
		Name:             protocol.Stream,
		Description:      "Expansion jobs, removed when done. Clients publish a lost job again: searches are kept elsewhere.",
		Subjects:         []string{protocol.Subjects},
		Retention:        jetstream.WorkQueuePolicy,
		Storage:          c.storage(),
		Replicas:         c.Replicas,
		Discard:          jetstream.DiscardNew, // a full queue refuses
		MaxMsgs:          c.MaxJobs,
		MaxAge:           c.MaxAge,
		AllowMsgTTL:      true,
		Duplicates:       min(2*time.Minute, c.MaxAge),
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: source, Destination: destination},
	}
	if partitions > 1 {
		stream.RePublish = &jetstream.RePublish{
			Source: protocol.Subjects, Destination: protocol.Notifications, HeadersOnly: true,
		}
	}
	return stream
}

func (c Config) consumer(partition, partitions int) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:        protocol.Consumer(c.Model.Name, partition),
		Description:    fmt.Sprintf("Jobs for %s, partition %d of %d", c.Model.Name, partition, partitions),
		FilterSubject:  protocol.JobFilter(c.Model.Name, partition),
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        c.AckWait,
		MaxDeliver:     c.MaxDeliver,
		MaxAckPending:  -1, // workers pull only what they have slots for
		MaxWaiting:     4096,
		PriorityPolicy: jetstream.PriorityPolicyPrioritized,
		PriorityGroups: []string{protocol.PriorityGroup},
		Replicas:       c.Replicas,
		MemoryStorage:  !c.File,
	}
}

func (c Config) workersBucket() jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      protocol.WorkersBucket,
		Description: "Ponder's policy workers that live now",
		TTL:         protocol.AnnounceTTL, // the bucket's: a key's own would be lost at the first update
		Storage:     jetstream.MemoryStorage,
		Replicas:    c.Replicas,
	}
}

func (c Config) storage() jetstream.StorageType {
	if c.File {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}
