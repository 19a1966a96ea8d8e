package policyqueue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// An announcer keeps a worker's announcement in the bucket of workers, and puts it into the bucket
// of the last announcements.
type announcer struct {
	js      jetstream.JetStream
	policy  policy.Policy
	key     string
	health  func() (ready bool, reason string) // of the worker's engine
	changed func()                             // is called, without the lock, after a change
	trigger trigger                            // the announcement has to be put now
	kv      jetstream.KeyValue                 // nil until the bucket is open; only run uses it and kept
	kept    kept

	mu           sync.Mutex
	announcement protocol.Announcement
}

func newAnnouncer(
	js jetstream.JetStream, p policy.Policy, wc WorkerConfig, model reasoning.Model,
	health func() (bool, string), changed func(),
) *announcer {
	return &announcer{
		js:      js,
		policy:  p,
		key:     protocol.AnnouncementKey(model.Name, nuid.Next()),
		health:  health,
		changed: changed,
		trigger: newTrigger(),
		announcement: protocol.Announcement{
			Name: wc.Name, Model: model, Slots: wc.Slots, Ready: wc.Ready == nil, ProtocolVersion: protocol.Version,
		},
	}
}

// run announces the worker until ctx ends, and then deletes the announcement.
func (a *announcer) run(ctx context.Context) {
	loop{nc: a.js.Conn(), action: a.announce, every: protocol.AnnounceEvery, trigger: a.trigger}.run(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), natsTimeout)
	defer cancel()
	if a.kv == nil || !a.js.Conn().IsConnected() {
		return // the announcement expires
	}
	if err := a.kv.Delete(ctx, a.key); err != nil {
		slog.Warn("announcement is not deleted, and will expire",
			"worker", a.current().Name, "after", protocol.AnnounceTTL, "error", err)
	}
}

// announce puts the announcement into the bucket. An error is not logged: the readiness
// of the queue reports what is missing.
func (a *announcer) announce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	ready, reason := a.health()
	model, unknown := a.policy.Model(ctx)
	a.set(func(announcement *protocol.Announcement) {
		if unknown == nil {
			announcement.Capabilities = model.Capabilities
		}
		announcement.Ready, announcement.Reason = ready, reason
		announcement.NATSUser = natsx.User(a.js.Conn())
	})
	value, err := a.current().Encode()
	if err != nil {
		return err
	}
	if a.kv == nil {
		a.kv, err = a.js.KeyValue(ctx, protocol.WorkersBucket)
	}
	if err == nil {
		_, err = a.kv.Put(ctx, a.key, value)
	}
	if err != nil {
		return fmt.Errorf("announce worker: %w", err)
	}
	a.kept.keep(ctx, a.js, a.current())
	return nil
}

// current returns the current announcement.
func (a *announcer) current() protocol.Announcement {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.announcement
}

// set changes the announcement, which is put into the bucket later.
func (a *announcer) set(change func(*protocol.Announcement)) {
	a.mu.Lock()
	before := a.announcement
	change(&a.announcement)
	after := a.announcement
	a.mu.Unlock()
	if before != after {
		a.changed()
	}
}

// update announces the state of the engine.
func (a *announcer) update() {
	ready, reason := a.health()
	a.set(func(announcement *protocol.Announcement) { announcement.Ready, announcement.Reason = ready, reason })
	a.trigger.signal()
}

// drain announces that the worker pulls no more jobs.
func (a *announcer) drain() {
	a.set(func(announcement *protocol.Announcement) { announcement.Draining = true })
	a.trigger.signal()
}
