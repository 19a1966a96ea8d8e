package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Limits of the bucket of last announcements.
const (
	maxKept      = 4 << 20  // bytes of all; a worker whose announcement exceeds them logs so
	maxKeptValue = 32 << 10 // bytes of one
)

// A kept puts the announcement of a worker into the bucket of last announcements, where it
// outlives the worker. Only one goroutine uses it.
type kept struct {
	last protocol.Announcement // of the last attempt to put one
	at   time.Time             // of that attempt
}

// keep puts a into the bucket if its engine is ready, and if a describes its model in another way
// than at the last attempt or that was KeepEvery ago. Planners create the bucket: without one, as with
// planners of an earlier release, a later keep tries again.
func (k *kept) keep(ctx context.Context, js jetstream.JetStream, a protocol.Announcement) {
	if a.NATSUser = ""; !a.Ready {
		return
	}
	same := a.Model == k.last.Model && a.Capabilities == k.last.Capabilities
	if same && time.Since(k.at) < protocol.KeepEvery {
		return
	}
	kv, err := js.KeyValue(ctx, protocol.ModelsBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return
	}
	var value []byte
	if err == nil {
		value, err = a.Encode()
	}
	if err == nil {
		_, err = kv.Put(ctx, protocol.Token(a.Model.Name), value)
	}
	if k.last, k.at = a, time.Now(); err != nil {
		slog.Warn("announcement is not kept for the time when no worker lives", "bucket", protocol.ModelsBucket,
			"model", a.Model.Name, "error", err)
	}
}

// readKept returns the last announcement of a model, nil if there is none.
func readKept(ctx context.Context, js jetstream.JetStream, model string) (*protocol.Announcement, error) {
	kv, err := js.KeyValue(ctx, protocol.ModelsBucket)
	if err != nil {
		return nil, err
	}
	entry, err := kv.Get(ctx, protocol.Token(model))
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	a, err := protocol.DecodeAnnouncement(entry.Value())
	if err != nil || a.Model.Name != model {
		return nil, nil // of another release
	}
	return &a, nil
}

// readAllKept returns the last announcements of all models.
func readAllKept(ctx context.Context, js jetstream.JetStream) (all []protocol.Announcement, err error) {
	values, err := readBucket(ctx, js, protocol.ModelsBucket, ">")
	if err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, err
	}
	for _, value := range values {
		if a, err := protocol.DecodeAnnouncement(value); err == nil {
			all = append(all, a)
		}
	}
	return all, nil
}

// Forget removes the last announcement of a model. While no worker of the model lives, searches for
// it are then accepted, whatever they need. A live worker puts its announcement there again.
func Forget(ctx context.Context, js jetstream.JetStream, model string) error {
	kv, err := js.KeyValue(ctx, protocol.ModelsBucket)
	if err == nil {
		_, err = kv.Get(ctx, protocol.Token(model))
	}
	if err == nil {
		err = kv.Purge(ctx, protocol.Token(model))
	}
	switch {
	case errors.Is(err, jetstream.ErrBucketNotFound), errors.Is(err, jetstream.ErrKeyNotFound):
		return reasoning.Invalid("model", "%q has no announcement that is kept: ponder queue show lists those that have", model)
	case err != nil:
		return fmt.Errorf("forget model %q: %w", model, classify(ctx, err))
	}
	return nil
}
