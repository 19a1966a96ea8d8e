package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Roster holds the announcements of a model's live workers. Make it with [NewRoster].
type Roster struct {
	model   string
	nc      *nats.Conn
	js      jetstream.JetStream
	changed func() // is called, without the lock, after a change; may be nil
	sub     *nats.Subscription
	subKept *nats.Subscription
	first   chan struct{} // closed when the buckets were read for the first time

	mu        sync.Mutex
	loaded    bool // the buckets were read since Run began
	wasLoaded bool // first is closed
	workers   map[string]*rosterEntry
	last      *protocol.Announcement // of the model, of a worker whose engine was ready; nil: there never was one
}

// A rosterEntry is an announcement and the timer that removes it.
type rosterEntry struct {
	protocol.Announcement
	expiry *time.Timer
}

// NewRoster returns a roster of the workers of cfg's model. It receives announcements from
// now on; Run reads those from before.
func NewRoster(nc *nats.Conn, cfg Config) (*Roster, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(natsTimeout))
	if err != nil {
		return nil, fmt.Errorf("roster of workers: %w", err)
	}
	r := newRoster(js, cfg.Model.Name, nil)
	return r, r.subscribe()
}

func newRoster(js jetstream.JetStream, model string, changed func()) *Roster {
	return &Roster{model: model, nc: js.Conn(), js: js, changed: changed, workers: make(map[string]*rosterEntry), first: make(chan struct{})}
}

// keys matches the keys of the model's workers.
func (r *Roster) keys() string { return protocol.AnnouncementKey(r.model, "*") }

// subscribe subscribes to the subjects of announcements. Unlike a key-value watcher, a
// subscription outlives the bucket and the server. Announcements expire by the clock of this
// process, so that clocks may differ.
func (r *Roster) subscribe() (err error) {
	r.sub, err = r.nc.Subscribe(protocol.AnnouncementSubject(r.keys()), func(m *nats.Msg) {
		key := strings.TrimPrefix(m.Subject, protocol.AnnouncementSubject(""))
		if m.Header.Get("KV-Operation") != "" { // a deletion
			r.remove(key)
			return
		}
		r.put(key, m.Data)
	})
	if err == nil {
		r.subKept, err = r.nc.Subscribe(protocol.KeptSubject(r.model), func(m *nats.Msg) {
			if a, err := protocol.DecodeAnnouncement(m.Data); err == nil && a.Model.Name == r.model {
				r.setLast(&a)
			} else if m.Header.Get("KV-Operation") != "" { // an operator has removed it
				r.setLast(nil)
			}
		})
	}
	if err != nil {
		return fmt.Errorf("follow workers of model %q: %w", r.model, err)
	}
	return nil
}

// setLast sets the last announcement of the model.
func (r *Roster) setLast(a *protocol.Announcement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = a
}

// Run keeps the roster up to date until ctx ends. It returns an error if the connection is
// closed.
func (r *Roster) Run(ctx context.Context) error {
	if r.sub == nil {
		if err := r.subscribe(); err != nil {
			return err
		}
	}
	defer func() {
		r.sub.Unsubscribe() // these fail only if the connection is closed
		r.subKept.Unsubscribe()
		r.clear()
	}()
	loop{nc: r.nc, action: r.load}.run(ctx)
	return nil
}

// load reads the announcements from before the subscription out of the bucket.
func (r *Roster) load(ctx context.Context) error {
	if err := r.flush(ctx); err != nil {
		return fmt.Errorf("flush bucket %s: %w", protocol.WorkersBucket, classify(ctx, err))
	}
	values, err := announcements(ctx, r.js, r.keys())
	if err != nil {
		return err
	}
	last, err := r.readKept(ctx)
	if err != nil {
		return err
	}
	r.setLast(last)
	for key, value := range values {
		r.put(key, value)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded = true; !r.wasLoaded {
		r.wasLoaded = true
		close(r.first)
	}
	return nil
}

// readKept returns the last announcement of the model.
func (r *Roster) readKept(ctx context.Context) (*protocol.Announcement, error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	last, err := readKept(ctx, r.js, r.model)
	if errors.Is(err, jetstream.ErrBucketNotFound) { // of a planner of an earlier release
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read bucket %s: %w", protocol.ModelsBucket, classify(ctx, err))
	}
	return last, nil
}

// flush waits until the bucket has the announcements that NATS received before the
// subscription. JetStream stores messages in the order in which it receives them, but
// later: so flush publishes one, the deletion of a key that no worker has, and waits until
// JetStream acknowledges that it is stored.
func (r *Roster) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	kv, err := r.js.KeyValue(ctx, protocol.WorkersBucket)
	if err != nil {
		return err
	}
	return kv.Delete(ctx, protocol.AnnouncementKey(r.model, "roster"))
}

// put adds or renews an announcement.
func (r *Roster) put(key string, value []byte) {
	a, err := protocol.DecodeAnnouncement(value)
	if err != nil || a.Model.Name != r.model {
		slog.Warn("announcement is ignored: is the worker of another release?",
			"bucket", protocol.WorkersBucket, "key", key, "model", a.Model.Name, "error", err)
		return
	}
	r.mu.Lock()
	before := r.workers[key]
	if before != nil {
		before.expiry.Stop()
	}
	entry := &rosterEntry{Announcement: a}
	entry.expiry = time.AfterFunc(protocol.AnnounceTTL, func() { r.expire(key, entry) })
	r.workers[key] = entry
	changed := before == nil || before.Announcement != a
	if a.Ready {
		r.last = &a
	}
	r.mu.Unlock()
	if changed {
		r.notify()
	}
}

// remove removes the announcement that a worker has deleted.
func (r *Roster) remove(key string) {
	r.mu.Lock()
	entry := r.workers[key]
	if entry != nil {
		entry.expiry.Stop()
		delete(r.workers, key)
	}
	r.mu.Unlock()
	if entry != nil {
		r.notify()
	}
}

// expire removes an announcement, unless it was renewed.
func (r *Roster) expire(key string, entry *rosterEntry) {
	r.mu.Lock()
	last := r.workers[key] == entry
	if last {
		delete(r.workers, key)
	}
	r.mu.Unlock()
	if last {
		r.notify()
	}
}

// clear removes all announcements.
func (r *Roster) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, entry := range r.workers {
		entry.expiry.Stop()
	}
	clear(r.workers)
	r.loaded = false
}

func (r *Roster) notify() {
	if r.changed != nil {
		r.changed()
	}
}

// Workers returns the announcements of the live workers, by key.
func (r *Roster) Workers() map[string]protocol.Announcement {
	r.mu.Lock()
	defer r.mu.Unlock()
	workers := make(map[string]protocol.Announcement, len(r.workers))
	for key, entry := range r.workers {
		workers[key] = entry.Announcement
	}
	return workers
}

// Available reports whether a live worker is ready to pull jobs. It sends no request to
// NATS, and reports true until Run has read the bucket.
func (r *Roster) Available() bool {
	r.mu.Lock()
	loaded := r.loaded
	r.mu.Unlock()
	workers := slices.Collect(maps.Values(r.Workers()))
	return !loaded || slices.ContainsFunc(workers, protocol.Announcement.Available)
}
