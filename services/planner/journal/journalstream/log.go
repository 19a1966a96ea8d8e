package journalstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/planner/journal"
)

// A log is a journal.Log.
type log struct {
	journal *Journal
	subject string
	last    position
	waiting []journal.Record // that are not known to be in the log, oldest first
	err     error            // permanent
}

// A position is that of a message; zero: before the first.
type position struct {
	sequence uint64 // in the stream
	number   int64  // of the record
	hash     hash   // of the message
}

// Append implements journal.Log.
func (l *log) Append(ctx context.Context, entries ...journal.Entry) error {
	if l.err != nil {
		return l.err
	}
	if err := journal.CheckEntries(entries); err != nil {
		return err
	}
	number := l.last.number + int64(len(l.waiting))
	for _, run := range split(slices.Clone(entries), l.journal.cfg.Writer) {
		number++
		l.waiting = append(l.waiting, journal.Record{
			Number: number, Writer: l.journal.cfg.Writer, Time: time.Now().UTC(), Entries: run,
		})
	}
	for len(l.waiting) > 0 {
		if err := l.append(ctx, l.waiting[0]); err != nil {
			if permanent(err) {
				l.err = err
			}
			return err
		}
		l.waiting = l.waiting[1:]
	}
	return nil
}

// permanent reports whether an error of append ends the log.
func permanent(err error) bool {
	return errors.Is(err, journal.ErrFenced) || errors.Is(err, journal.ErrLost) || errors.Is(err, journal.ErrCorrupt)
}

// Between two attempts to publish a message pass firstPause, then twice as much, up to maxPause.
const (
	firstPause = 10 * time.Millisecond
	maxPause   = time.Second
)

// append appends a record. It returns ErrFull, the error of ctx, or a permanent error.
func (l *log) append(ctx context.Context, r journal.Record) error {
	message, err := encode(r, l.last.hash)
	if err != nil {
		return err
	}
	next := position{number: r.Number, hash: hashOf(message)}
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		next.sequence, err = l.publish(ctx, message)
		if err == nil {
			l.last = next
			return nil
		}
		reason := err
		next.sequence, err = l.settle(ctx, message)
		if err == nil && next.sequence > 0 {
			l.last = next
			return nil
		}
		switch {
		case permanent(err):
			return err
		case full(reason):
			return fmt.Errorf("%w: %v", journal.ErrFull, reason)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("append to the journal: %w, after %w", context.Cause(ctx), unavailable(reason))
		case <-time.After(pause):
		}
	}
}

// publish publishes a message once, after l.last, and returns its sequence.
func (l *log) publish(ctx context.Context, message []byte) (sequence uint64, err error) {
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	ack, err := l.journal.js.PublishMsg(ctx, &nats.Msg{Subject: l.subject, Data: message, Header: nats.Header{}},
		jetstream.WithExpectLastSequencePerSubject(l.last.sequence), jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// settle finds out what became of a message after an attempt to publish it failed. It returns
// the sequence of the message if it is in the log, and 0 if it is not, or not yet. Any error of
// the server can mean either: also "wrong last sequence", which the server returns to a planner
// whose own earlier attempt has not been acknowledged yet.
func (l *log) settle(ctx context.Context, message []byte) (sequence uint64, err error) {
	last, err := l.journal.last(ctx, l.subject)
	switch {
	case err != nil:
		return 0, err
	case last == nil && l.last.sequence == 0, last != nil && last.Sequence == l.last.sequence:
		return 0, nil
	case last == nil || last.Sequence < l.last.sequence:
		return 0, fmt.Errorf("%w: record %d is missing", journal.ErrLost, l.last.number)
	case bytes.Equal(last.Data, message):
		return last.Sequence, nil
	default:
		return 0, fmt.Errorf("%w: another record %d", journal.ErrFenced, l.last.number+1)
	}
}

// full reports whether the server refused a message because the stream, or the disk, is full.
func full(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == codeStoreFailed || api.ErrorCode == codeResourcesExceeded)
}

// Codes of the server's errors for which package jetstream has no names.
const (
	codeResourcesExceeded = 10023 // insufficient resources
	codeStoreFailed       = 10077 // the store refused the message, such as "maximum bytes exceeded"
)
