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

// A Roster knows which workers of a model live now, as they announce themselves. Make
// it with [NewRoster].
type Roster struct {
	model   string
	nc      *nats.Conn
	js      jetstream.JetStream
	changed func() // is called, without the lock, after a change; may be nil
	sub     *nats.Subscription

	mu      sync.Mutex
	loaded  bool // the bucket was read since Run began
	workers map[string]*rosterEntry
}

// A rosterEntry is a worker, by its key.
type rosterEntry struct {
	protocol.Announcement
	expiry *time.Timer // of the last announcement
}

// NewRoster returns a roster of the workers of cfg's model. It has the workers that
// announce themselves from now on, and those from before when Run has begun.
func NewRoster(nc *nats.Conn, cfg Config) (*Roster, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(natsTimeout))
	if err != nil {
		return nil, fmt.Errorf("roster of workers: %w", err)
	}
	r := newRoster(js, cfg.Model.Name, nil)
	return r, r.subscribe()
}

func newRoster(js jetstream.JetStream, model string, changed func()) *Roster {
	return &Roster{model: model, nc: js.Conn(), js: js, changed: changed, workers: make(map[string]*rosterEntry)}
}

// keys matches the keys of the model's workers.
func (r *Roster) keys() string { return protocol.AnnouncementKey(r.model, "*") }

// subscribe subscribes to the subjects of announcements: a subscription outlives the
// bucket and the server. An announcement expires by this process's clock, so clocks may
// differ.
func (r *Roster) subscribe() (err error) {
	r.sub, err = r.nc.Subscribe(protocol.AnnouncementSubject(r.keys()), func(m *nats.Msg) {
		key := strings.TrimPrefix(m.Subject, protocol.AnnouncementSubject(""))
		if m.Header.Get("KV-Operation") != "" { // deleted
			r.remove(key)
			return
		}
		r.put(key, m.Data)
	})
	if err != nil {
		return fmt.Errorf("follow workers of model %q: %w", r.model, err)
	}
	return nil
}

// Run follows the announcements until ctx ends.
func (r *Roster) Run(ctx context.Context) error {
	if r.sub == nil {
		if err := r.subscribe(); err != nil {
			return err
		}
	}
	defer func() {
		r.sub.Unsubscribe() // fails only if the connection is closed
		r.clear()
	}()
	repeat(ctx, r.nc, nil, 0, r.load)
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
	for key, value := range values {
		r.put(key, value)
	}
	r.mu.Lock()
	r.loaded = true
	r.mu.Unlock()
	return nil
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

// announcements returns the values of the bucket's keys that match keys. It asks the
// bucket's stream for the keys: a key-value watcher may say that all have come before
// the first is there.
func announcements(ctx context.Context, js jetstream.JetStream, keys string) (values map[string][]byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read bucket %s: %w", protocol.WorkersBucket, classify(ctx, err))
		}
	}()
	limited, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	kv, err := js.KeyValue(limited, protocol.WorkersBucket)
	if err != nil {
		return nil, err
	}
	stream, err := js.Stream(limited, "KV_"+protocol.WorkersBucket)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(limited, jetstream.WithSubjectFilter(protocol.AnnouncementSubject(keys)))
	if err != nil {
		return nil, err
	}
	values = make(map[string][]byte)
	for subject := range info.State.Subjects {
		key := strings.TrimPrefix(subject, protocol.AnnouncementSubject(""))
		entry, err := kv.Get(limited, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound): // deleted or expired
		case err != nil:
			return nil, err
		default:
			values[key] = entry.Value()
		}
	}
	return values, nil
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
	r.loaded = false
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
	loaded := r.loaded
	r.mu.Unlock()
	workers := slices.Collect(maps.Values(r.Workers()))
	return !loaded || slices.ContainsFunc(workers, protocol.Announcement.Available)
}
