// Package journalstream is a journal.Journal in a JetStream stream, on the disks of the NATS
// servers.
//
// A log is the messages of one subject, log.SCOPE.TENANT.SEARCH, and a record is one message. Three
// rules protect a log:
//
//   - A message is published with the sequence that the last message of its subject must have,
//     so that of two planners one gets an error.
//   - An error does not tell who appended: the server also refuses a message while an earlier
//     copy of the same message is on its way. So the last message is read from the stream's
//     leader, and compared with the one that was to be appended.
//   - A record has its number and the hash of the record before it. A log with a hole, or with a
//     record that was changed, is reported and never continued.
//
// NATS acknowledges a message before it is on the disk, unless the servers have the setting
// "sync_interval: always". docs/reliability.md says what each setting survives.
package journalstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/journal"
)

// Stream is the default name of the stream.
const Stream = "SEARCHLOG"

// A Config configures a Journal.
type Config struct {
	Stream   string // "" is Stream
	Replicas int    // of the stream; 0 is 1
	MaxBytes int64  // of the stream, at which it refuses records; 0 is no bound
	Writer   string // name of this planner
	// Scope separates planners that do not run each other's searches, such as those of different
	// models, in one stream. Only one planner at a time may use a scope.
	Scope string
}

// A Journal is a journal.Journal in a JetStream stream. Make it with [New].
type Journal struct {
	js  jetstream.JetStream
	cfg Config

	mu     sync.Mutex
	opened jetstream.Stream // nil before the first use
}

var _ journal.Journal = (*Journal)(nil)

// timeout bounds a request to the server, so that one without a response is repeated.
const timeout = 2 * time.Second

// New returns the Journal in a stream, which is created, or updated to cfg, when it is first used.
func New(js jetstream.JetStream, cfg Config) *Journal {
	cfg.Stream, cfg.Replicas = cmp.Or(cfg.Stream, Stream), max(1, cfg.Replicas)
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = -1
	}
	return &Journal{js: js, cfg: cfg}
}

// Ready is a readiness check: it returns nil if the server keeps the journal.
func (j *Journal) Ready(ctx context.Context) error {
	stream, err := j.stream(ctx)
	if err != nil {
		return err
	}
	if _, err := stream.Info(ctx); err != nil {
		return j.failed(err)
	}
	return nil
}

// stream returns the stream. It creates or updates it at the first use.
func (j *Journal) stream(ctx context.Context) (jetstream.Stream, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.opened != nil {
		return j.opened, nil
	}
	if err := checkServer(j.js.Conn()); err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	// Records leave only by Delete: a bound on age or number would remove the first record of a
	// search that still runs.
	stream, err := j.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: j.cfg.Stream, Description: "Ponder's journal of searches", Subjects: []string{subjects},
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, Storage: jetstream.FileStorage,
		Replicas: j.cfg.Replicas, MaxBytes: j.cfg.MaxBytes, MaxMsgSize: journal.MaxRecord + 4<<10, // headers are counted
	})
	if err != nil {
		return nil, unavailable(fmt.Errorf("stream %s: %w", j.cfg.Stream, err))
	}
	j.opened = stream
	return stream, nil
}

// checkServer returns an error if the server cannot keep the journal. Servers before 2.11 have
// accepted several messages that expected the same last sequence (nats-server issue 4320).
func checkServer(nc *nats.Conn) error {
	var major, minor int
	if _, err := fmt.Sscanf(nc.ConnectedServerVersion(), "%d.%d", &major, &minor); err != nil {
		return unavailable(fmt.Errorf("the version of the NATS server is not known: %v: is the server up?", nc.Status()))
	}
	if major < 2 || major == 2 && minor < 11 {
		return fmt.Errorf("%w: its version must be 2.11 or newer, is %s: upgrade it", journal.ErrServer, nc.ConnectedServerVersion())
	}
	if limit := nc.MaxPayload(); limit < minPayload {
		return fmt.Errorf("%w: its max_payload must be at least %d bytes, is %d: raise it", journal.ErrServer, minPayload, limit)
	}
	return nil
}

// minPayload is the least limit of a message's size with which a server can keep the journal.
const minPayload = 2 * journal.MaxRecord

// subjects matches the subjects of all logs.
const subjects = "log.*.*.*"

// subject returns the subject of a log. The scope is hashed as a tenant is, since it may have any
// character.
func (j *Journal) subject(key journal.Key) string {
	return fmt.Sprintf("log.%s.%s", journal.TenantOf(j.cfg.Scope), key)
}

// Open implements journal.Journal.
func (j *Journal) Open(ctx context.Context, key journal.Key) (journal.Log, []journal.Record, error) {
	l := &log{journal: j, subject: j.subject(key)}
	last, err := j.last(ctx, l.subject)
	if err != nil || last == nil {
		return l, nil, err
	}
	var records []journal.Record
	for l.last.sequence < last.Sequence {
		m, err := j.after(ctx, l.subject, l.last.sequence)
		if err != nil {
			return nil, nil, err
		}
		if m == nil { // the log was deleted meanwhile
			return nil, nil, fmt.Errorf("%w: it was deleted while it was read", journal.ErrLost)
		}
		r, err := decode(m.Data, l.last.number, l.last.hash)
		if err != nil {
			return nil, nil, err
		}
		records = append(records, r)
		l.last = position{m.Sequence, r.Number, hashOf(m.Data)}
	}
	return l, records, nil
}

// last returns the last message of a subject; nil: there is none.
func (j *Journal) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	stream, err := j.stream(ctx)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	m, err := stream.GetLastMsgForSubject(ctx, subject)
	return j.found(m, err)
}

// after returns the first message of a subject after a sequence; nil: there is none.
func (j *Journal) after(ctx context.Context, subject string, sequence uint64) (*jetstream.RawStreamMsg, error) {
	stream, err := j.stream(ctx)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	m, err := stream.GetMsg(ctx, sequence+1, jetstream.WithGetMsgSubject(subject))
	return j.found(m, err)
}

// found returns the result of a request for a message; nil: there is none.
func (j *Journal) found(m *jetstream.RawStreamMsg, err error) (*jetstream.RawStreamMsg, error) {
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, nil
	case err != nil:
		return nil, j.failed(err)
	}
	return m, nil
}

// failed returns the error of a request for the stream.
func (j *Journal) failed(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w: stream %s of the journal does not exist", journal.ErrLost, j.cfg.Stream)
	}
	return unavailable(err)
}

// unavailable returns an error of the NATS server or of the connection as one after which a
// caller may try again.
func unavailable(err error) error {
	return reasoning.Mark(fmt.Errorf("journal: %w", err), reasoning.ErrUnavailable)
}

// Delete implements journal.Journal.
func (j *Journal) Delete(ctx context.Context, key journal.Key) error {
	stream, err := j.stream(ctx)
	if err != nil {
		return err
	}
	err = stream.Purge(ctx, jetstream.WithPurgeSubject(j.subject(key)))
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return unavailable(err)
	}
	return nil
}

// List implements journal.Journal.
func (j *Journal) List(ctx context.Context, tenant journal.Tenant) ([]journal.Key, error) {
	if tenant == "" {
		tenant = "*"
	}
	filter := j.subject(journal.Key{Tenant: tenant, Search: "*"})
	stream, err := j.stream(ctx)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, j.failed(err)
	}
	var keys []journal.Key
	for subject := range info.State.Subjects {
		if part := strings.Split(subject, "."); len(part) == 4 {
			keys = append(keys, journal.Key{Tenant: journal.Tenant(part[2]), Search: part[3]})
		}
	}
	slices.SortFunc(keys, journal.CompareKeys)
	return keys, nil
}
