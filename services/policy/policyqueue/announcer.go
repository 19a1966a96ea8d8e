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
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// An announcer keeps a worker's announcement in the bucket of workers.
type announcer struct {
	js      jetstream.JetStream
	key     string
	ready   func(context.Context) error // of the worker's engine; nil: it always is
	changed func()                      // is called, without the lock, after a change
	trigger chan struct{}               // to write the announcement now

	kv jetstream.KeyValue // nil: not opened yet; used by run alone

	mu           sync.Mutex
	announcement protocol.Announcement
}

func newAnnouncer(js jetstream.JetStream, wc WorkerConfig, model reasoning.Model, changed func()) *announcer {
	return &announcer{
		js: js, key: protocol.AnnouncementKey(model.Name, nuid.Next()), ready: wc.Ready, changed: changed,
		trigger: make(chan struct{}, 1),
		announcement: protocol.Announcement{
			Name: wc.Name, Model: model, Slots: wc.Slots, Ready: wc.Ready == nil,
			ProtocolVersion: protocol.Version,
		},
	}
}

// run announces the worker until ctx ends, and then takes the announcement back.
func (a *announcer) run(ctx context.Context) {
	repeat(ctx, a.js.Conn(), a.trigger, protocol.AnnounceEvery, a.announce)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), natsTimeout)
	defer cancel()
	if a.kv == nil || !a.js.Conn().IsConnected() {
		return // what was announced expires
	}
	if err := a.kv.Delete(ctx, a.key); err != nil {
		slog.Warn("worker cannot take back its announcement", "worker", a.now().Name, "error", err)
	}
}

// announce writes the announcement. An error is no news: readiness says what is missing.
func (a *announcer) announce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	ready := a.ready == nil || a.ready(ctx) == nil
	a.set(func(announcement *protocol.Announcement) {
		announcement.Ready = ready
		announcement.NATSUser = natsx.User(a.js.Conn())
	})
	value, err := a.now().Encode()
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
	return nil
}

// now returns the announcement as it is now.
func (a *announcer) now() protocol.Announcement {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.announcement
}

// set changes the announcement.
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

// drain announces that the worker takes no more jobs.
func (a *announcer) drain() {
	a.set(func(announcement *protocol.Announcement) { announcement.Draining = true })
	signal(a.trigger)
}
