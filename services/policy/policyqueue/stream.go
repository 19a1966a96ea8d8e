package policyqueue

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/ponder-mesh/ponder/internal/natsx"
)

// Setup creates or updates the stream and the consumers of cfg's model. Several
// may call it at the same time. Partitions can change only while no job waits:
// jobs stay in the partition they were stored in.
func Setup(ctx context.Context, js jetstream.JetStream, cfg Config) error {
	cfg, err := cfg.complete()
	if err != nil {
		return err
	}
	storage := jetstream.MemoryStorage
	if cfg.File {
		storage = jetstream.FileStorage
	}
	sc := jetstream.StreamConfig{
		Name:        streamName,
		Description: "Expansion jobs, removed when done. They can be asked for again: searches are kept elsewhere.",
		Subjects:    []string{"exp.>"},
		Retention:   jetstream.WorkQueuePolicy,
		Storage:     storage,
		Replicas:    cfg.Replicas,
		Discard:     jetstream.DiscardNew, // a full queue refuses
		MaxMsgs:     cfg.MaxJobs,
		MaxAge:      cfg.MaxAge,
		AllowMsgTTL: true,
		Duplicates:  min(2*time.Minute, cfg.MaxAge),
		SubjectTransform: &jetstream.SubjectTransformConfig{
			Source:      "exp.*.*.*",
			Destination: fmt.Sprintf("exp.{{partition(%d,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}", cfg.Partitions),
		},
	}
	if cfg.Partitions > 1 {
		sc.RePublish = &jetstream.RePublish{Source: "exp.>", Destination: "ring.>", HeadersOnly: true}
	}
	stream, err := js.CreateOrUpdateStream(ctx, sc)
	if err != nil {
		return fmt.Errorf("stream %s: %w", streamName, err)
	}
	for p := range cfg.Partitions {
		_, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable:        cfg.consumer(p),
			Description:    fmt.Sprintf("Jobs for %s, partition %d of %d", cfg.Model.Name, p, cfg.Partitions),
			FilterSubject:  cfg.filter(p),
			AckPolicy:      jetstream.AckExplicitPolicy,
			AckWait:        cfg.AckWait,
			MaxDeliver:     cfg.MaxDeliver,
			MaxAckPending:  -1, // workers pull only what they have slots for
			MaxWaiting:     4096,
			PriorityPolicy: jetstream.PriorityPolicyPrioritized,
			PriorityGroups: []string{group},
			Replicas:       cfg.Replicas,
			MemoryStorage:  !cfg.File,
		})
		if err != nil {
			return fmt.Errorf("consumer %s: %w", cfg.consumer(p), err)
		}
	}
	return nil
}

// Ready is a check for readiness: nil if NATS answers and has the queue.
func Ready(ctx context.Context, nc *nats.Conn) error {
	if err := natsx.Connected(ctx, nc); err != nil {
		return err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := js.Stream(ctx, streamName); err != nil {
		return fmt.Errorf("stream %s at %s: %w", streamName, nc.ConnectedUrlRedacted(), err)
	}
	return nil
}

// Prepared is the check of a service that uses the queue: it makes the queue where
// NATS answers and has none, as after a restart of a server that kept it in memory.
func Prepared(nc *nats.Conn, cfg Config) func(context.Context) error {
	return func(ctx context.Context) error {
		err := Ready(ctx, nc)
		if err == nil || natsx.Connected(ctx, nc) != nil {
			return err
		}
		js, err := jetstream.New(nc)
		if err != nil {
			return fmt.Errorf("JetStream: %w", err)
		}
		return Setup(ctx, js, cfg)
	}
}

// A Load says how busy a model's queue is.
type Load struct {
	Queued  int // jobs that no worker has
	Running int // jobs that a worker has, or had when it died
	Waiting int // pulls of workers with free slots
}

// Attended says whether there seems to be a worker.
func (l Load) Attended() bool { return l.Running+l.Waiting > 0 }

// Load asks the queue how busy it is.
func (c *Client) Load(ctx context.Context) (Load, error) {
	var l Load
	for p := range c.cfg.Partitions {
		consumer, err := c.js.Consumer(ctx, streamName, c.cfg.consumer(p))
		if err != nil {
			return l, fmt.Errorf("load of %s: %w", c.cfg.consumer(p), unavailable(err))
		}
		info := consumer.CachedInfo() // just fetched
		l.Queued += int(info.NumPending)
		l.Running += info.NumAckPending
		l.Waiting += info.NumWaiting
	}
	return l, nil
}
