package journalstream

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	journalv1 "github.com/ponder-mesh/ponder/internal/proto/ponder/journal/v1"
	"github.com/ponder-mesh/ponder/services/planner/journal"
)

// version is the highest version of the records that this package reads and writes.
const version = 1

// A hash is the SHA-256 of a message, or zero where there is no message.
type hash [sha256.Size]byte

func hashOf(message []byte) hash { return sha256.Sum256(message) }

// encode returns the message of a record that follows a message with this hash.
func encode(r journal.Record, previous hash) ([]byte, error) {
	p := &journalv1.Record{Version: version, Number: r.Number, Writer: r.Writer, Time: timestamppb.New(r.Time)}
	if r.Number > 1 {
		p.Previous = previous[:]
	}
	for _, e := range r.Entries {
		p.Entries = append(p.Entries, &journalv1.Entry{Kind: e.Kind, Body: e.Body})
	}
	message, err := proto.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode a record of the journal: %w", err)
	}
	return message, nil
}

// decode returns the record of a message, which must follow the record with this number and the
// message with this hash. Otherwise it returns journal.ErrCorrupt.
func decode(message []byte, number int64, previous hash) (journal.Record, error) {
	var p journalv1.Record
	if err := proto.Unmarshal(message, &p); err != nil {
		return journal.Record{}, fmt.Errorf("%w: record %d cannot be decoded: %v", journal.ErrCorrupt, number+1, err)
	}
	switch {
	case p.Version > version:
		return journal.Record{}, fmt.Errorf("%w: record %d has version %d, this planner reads up to %d", journal.ErrNewer, number+1, p.Version, version)
	case p.Number != number+1:
		return journal.Record{}, fmt.Errorf("%w: record %d follows record %d", journal.ErrCorrupt, p.Number, number)
	case number > 0 && !bytes.Equal(p.Previous, previous[:]):
		return journal.Record{}, fmt.Errorf("%w: record %d does not follow the record before it", journal.ErrCorrupt, p.Number)
	}
	r := journal.Record{Number: p.Number, Writer: p.Writer, Time: p.Time.AsTime()}
	for _, e := range p.Entries {
		r.Entries = append(r.Entries, journal.Entry{Kind: e.Kind, Body: e.Body})
	}
	return r, nil
}

// overhead is an upper bound of the bytes of a record without entries, but for its writer.
const overhead = 128

// size returns the bytes that an entry takes in a record.
func size(e journal.Entry) int {
	n := protowire.SizeTag(1) + protowire.SizeBytes(len(e.Kind)) + protowire.SizeTag(2) + protowire.SizeBytes(len(e.Body))
	return protowire.SizeTag(6) + protowire.SizeBytes(n)
}

// split divides entries into runs that each fit into a record of this writer.
func split(entries []journal.Entry, writer string) (runs [][]journal.Entry) {
	room := journal.MaxRecord - overhead - len(writer)
	start, used := 0, 0
	for i, e := range entries {
		if used+size(e) > room && i > start {
			runs = append(runs, entries[start:i])
			start, used = i, 0
		}
		used += size(e)
	}
	if start < len(entries) {
		runs = append(runs, entries[start:])
	}
	return runs
}
