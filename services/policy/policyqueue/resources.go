package policyqueue

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// stream returns the configuration of the stream, which all models share.
func (c Config) stream(partitions int) jetstream.StreamConfig {
	source, destination := protocol.Transform(partitions)
	stream := jetstream.StreamConfig{
		Name:             protocol.Stream,
		Description:      "Ponder's expansion jobs, removed when they are done. Planners request lost ones again.",
		Subjects:         []string{protocol.Subjects},
		Retention:        jetstream.WorkQueuePolicy,
		Storage:          c.storage(),
		Replicas:         c.Replicas,
		Discard:          jetstream.DiscardNew, // a publish to a full queue fails
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

// consumer returns the configuration of the consumer of the model's jobs in one partition.
func (c Config) consumer(partition, partitions int) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:        protocol.Consumer(c.Model.Name, partition),
		Description:    fmt.Sprintf("Jobs for %s, partition %d of %d", c.Model.Name, partition, partitions),
		FilterSubject:  protocol.JobFilter(c.Model.Name, partition),
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        c.AckWait,
		MaxDeliver:     -1, // unlimited: clients count the attempts that fail
		MaxAckPending:  -1, // unlimited: workers pull only jobs for which they have slots
		MaxWaiting:     4096,
		PriorityPolicy: jetstream.PriorityPolicyPrioritized,
		PriorityGroups: []string{protocol.PriorityGroup},
		Replicas:       c.Replicas,
		MemoryStorage:  !c.File,
	}
}

// workersBucket returns the configuration of the bucket of announcements.
func (c Config) workersBucket() jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      protocol.WorkersBucket,
		Description: "Announcements of Ponder's live policy workers",
		TTL:         protocol.AnnounceTTL, // of the bucket: a key's own TTL ends with its first update
		Storage:     jetstream.MemoryStorage,
		Replicas:    c.Replicas,
	}
}

// modelsBucket returns the configuration of the bucket of last announcements.
func (c Config) modelsBucket() jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:       protocol.ModelsBucket,
		Description:  "Last announcement of each of Ponder's models, for the time when no worker lives",
		MaxBytes:     maxKept,
		MaxValueSize: maxKeptValue,
		Replicas:     c.Replicas,
	}
}

func (c Config) storage() jetstream.StorageType {
	if c.File {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}

// settingsBucket returns the configuration of the bucket of settings.
func settingsBucket(replicas int) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      protocol.SettingsBucket,
		Description: "Settings of Ponder's work queue",
		History:     8,
		Replicas:    replicas,
	}
}
