package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Roster knows which workers of a model live now, as they announce themselves. Make
// it with [NewRoster].
type Roster struct {
	model   string
	nc      *nats.Conn
	js      jetstream.JetStream
	changed func() // is called, without the lock, after a change; may be nil

	mu      sync.Mutex
	read    bool // the bucket was read since Run began
	workers map[string]*rosterEntry
}

// A rosterEntry is a worker, by its key.
type rosterEntry struct {
	protocol.Announcement
	expiry *time.Timer // of the last announcement
}

// NewRoster returns a roster of the workers of cfg's model. It is empty until Run runs.
func NewRoster(nc *nats.Conn, cfg Config) (*Roster, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(natsTimeout))
	if err != nil {
		return nil, fmt.Errorf("roster of workers: %w", err)
	}
	return newRoster(js, cfg.Model.Name, nil), nil
}

func newRoster(js jetstream.JetStream, model string, changed func()) *Roster {
	return &Roster{model: model, nc: js.Conn(), js: js, changed: changed, workers: make(map[string]*rosterEntry)}
}

// Run follows the announcements until ctx ends. It subscribes to their subjects, as a
// subscription outlives the bucket and the server, and then reads what the bucket has.
// An announcement expires by this process's clock, so clocks may differ.
func (r *Roster) Run(ctx context.Context) error {
	keys := protocol.AnnouncementKey(r.model, "*")
	sub, err := r.nc.Subscribe(protocol.AnnouncementSubject(keys), func(m *nats.Msg) {
		key := m.Subject[len(protocol.AnnouncementSubject("")):]
		if m.Header.Get("KV-Operation") != "" { // deleted
			r.remove(key)
			return
		}
		r.put(key, m.Data)
	})
	if err != nil {
		return fmt.Errorf("follow workers of model %q: %w", r.model, err)
	}
	defer func() {
		sub.Unsubscribe() // fails only if the connection is closed
		r.clear()
	}()
	repeat(ctx, r.nc, nil, 0, func(ctx context.Context) error {
		values, err := announcements(ctx, r.js, keys)
		if err != nil {
			return err
		}
		for key, value := range values {
			r.put(key, value)
		}
		r.mu.Lock()
		r.read = true
		r.mu.Unlock()
		return nil
	})
	return nil
}

// announcements returns the values of the bucket's keys that match keys.
func announcements(ctx context.Context, js jetstream.JetStream, keys string) (values map[string][]byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	kv, err := js.KeyValue(ctx, protocol.WorkersBucket)
	if err != nil {
		return nil, fmt.Errorf("read bucket %s: %w", protocol.WorkersBucket, classify(err))
	}
	watcher, err := kv.Watch(ctx, keys, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("read bucket %s: %w", protocol.WorkersBucket, classify(err))
	}
	defer watcher.Stop() // fails only if it has ended
	values = make(map[string][]byte)
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("read bucket %s: %w", protocol.WorkersBucket, classify(ctx.Err()))
		case entry, ok := <-watcher.Updates():
			switch {
			case !ok:
				return nil, fmt.Errorf("read bucket %s: %w", protocol.WorkersBucket, classify(errors.New("watcher stopped")))
			case entry == nil: // all that was there has come
				return values, nil
			}
			values[entry.Key()] = entry.Value()
		}
	}
}

// put records that a worker has announced itself.
func (r *Roster) put(key string, value []byte) {
	a, err := protocol.DecodeAnnouncement(value)
	if err != nil || a.Model.Name != r.model {
		slog.Warn("announcement of a worker is ignored",
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
	r.mu.Unlock()
	if changed {
		r.notify()
	}
}

// remove records that a worker has taken back its announcement.
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

// expire removes an announcement, unless a later one has come.
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

// clear forgets all workers.
func (r *Roster) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, entry := range r.workers {
		entry.expiry.Stop()
	}
	clear(r.workers)
	r.read = false
}

func (r *Roster) notify() {
	if r.changed != nil {
		r.changed()
	}
}

// Workers returns the workers that live now, by key.
func (r *Roster) Workers() map[string]protocol.Announcement {
	r.mu.Lock()
	defer r.mu.Unlock()
	workers := make(map[string]protocol.Announcement, len(r.workers))
	for key, entry := range r.workers {
		workers[key] = entry.Announcement
	}
	return workers
}

// Available reports whether a worker takes jobs now. It does not ask NATS, and reports
// true as long as nothing is known.
func (r *Roster) Available() bool {
	r.mu.Lock()
	read := r.read
	r.mu.Unlock()
	workers := slices.Collect(maps.Values(r.Workers()))
	return !read || slices.ContainsFunc(workers, protocol.Announcement.Available)
}
