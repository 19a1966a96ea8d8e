package policyqueue

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Setup creates or updates the stream and the consumers of cfg's model. Several
// processes may call it at the same time. Partitions can change only while no job
// waits: jobs stay in the partition in which they were stored.
func Setup(ctx context.Context, js jetstream.JetStream, cfg Config) error {
	cfg, err := cfg.complete()
	if err != nil {
		return err
	}
	stream, err := js.CreateOrUpdateStream(ctx, cfg.stream())
	if err != nil {
		return fmt.Errorf("stream %s: %w", protocol.Stream, err)
	}
	for p := range cfg.Partitions {
		consumer := cfg.consumer(p)
		if _, err := stream.CreateOrUpdateConsumer(ctx, consumer); err != nil {
			return fmt.Errorf("consumer %s: %w", consumer.Durable, err)
		}
	}
	return nil
}

func (c Config) stream() jetstream.StreamConfig {
	source, destination := protocol.Transform(c.Partitions)
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
	if c.Partitions > 1 {
		stream.RePublish = &jetstream.RePublish{
			Source: protocol.Subjects, Destination: protocol.Notifications, HeadersOnly: true,
		}
	}
	return stream
}

func (c Config) consumer(partition int) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:        protocol.Consumer(c.Model.Name, partition),
		Description:    fmt.Sprintf("Jobs for %s, partition %d of %d", c.Model.Name, partition, c.Partitions),
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

func (c Config) storage() jetstream.StorageType {
	if c.File {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}
