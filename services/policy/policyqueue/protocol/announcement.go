package protocol

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/reasoning"
)

const (
	// WorkersBucket is the key-value bucket of announcements.
	WorkersBucket = "WORKERS"
	// AnnounceEvery is how often a worker writes its announcement.
	AnnounceEvery = 2 * time.Second
	// AnnounceTTL is how long after it was written an announcement counts.
	AnnounceTTL = 5 * time.Second
)

// An Announcement is how a worker makes itself known. The fields are those of
// ponder.queue.v1.WorkerAnnouncement, which says what each means.
type Announcement struct {
	Name            string
	NATSUser        string
	Model           reasoning.Model
	Slots           int
	Ready           bool
	Draining        bool
	ProtocolVersion int
}

// Available reports whether the worker takes jobs.
func (a Announcement) Available() bool { return a.Ready && !a.Draining }

// AnnouncementKey returns the key of a worker's announcement. No two workers may have
// the same instance. "*" matches every instance.
func AnnouncementKey(model, instance string) string { return Token(model) + "." + instance }

// AnnouncementSubject returns the subject on which values of a key are published.
func AnnouncementSubject(key string) string { return "$KV." + WorkersBucket + "." + key }

// Encode returns the value of an announcement.
func (a Announcement) Encode() ([]byte, error) {
	value, err := protojson.Marshal(&queuev1.WorkerAnnouncement{
		Name: a.Name, NatsUser: a.NATSUser, Model: wire.ModelToProto(a.Model), Slots: int32(a.Slots),
		Ready: a.Ready, Draining: a.Draining, ProtocolVersion: int32(a.ProtocolVersion),
	})
	if err != nil {
		return nil, fmt.Errorf("encode announcement of worker %s: %w", a.Name, err)
	}
	return value, nil
}

// DecodeAnnouncement reads an announcement.
func DecodeAnnouncement(value []byte) (Announcement, error) {
	var a queuev1.WorkerAnnouncement
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(value, &a); err != nil {
		return Announcement{}, fmt.Errorf("%w: announcement: %w", reasoning.ErrInvalid, err)
	}
	model, err := wire.ModelFromProto(a.GetModel())
	if err != nil {
		return Announcement{}, fmt.Errorf("announcement of worker %s: %w", a.GetName(), err)
	}
	if a.GetSlots() < 0 {
		return Announcement{}, reasoning.Invalid("announcement.slots", "must be 0 or more, are %d", a.GetSlots())
	}
	return Announcement{
		Name: a.GetName(), NATSUser: a.GetNatsUser(), Model: model, Slots: int(a.GetSlots()),
		Ready: a.GetReady(), Draining: a.GetDraining(), ProtocolVersion: int(a.GetProtocolVersion()),
	}, nil
}
