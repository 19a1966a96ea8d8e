package protocol

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

const (
	// WorkersBucket is the key-value bucket of announcements.
	WorkersBucket = "WORKERS"
	// AnnounceEvery is how often a worker puts its announcement into the bucket.
	AnnounceEvery = 2 * time.Second
	// AnnounceTTL is the time after which an announcement expires.
	AnnounceTTL = 5 * time.Second

	// ModelsBucket is the key-value bucket of the last announcement of each model, which does not
	// expire.
	ModelsBucket = "MODELS"
	// KeepEvery is how often a worker puts its announcement into ModelsBucket if it does not change.
	KeepEvery = time.Minute

	maxReason = 1 << 10
)

// An Announcement describes a live worker. Its fields are those of
// ponder.queue.v1.WorkerAnnouncement, which documents them.
type Announcement struct {
	Name            string
	NATSUser        string
	Model           reasoning.Model
	Slots           int
	Ready           bool
	Reason          string // Encode cuts it at 1 KiB
	Draining        bool
	ProtocolVersion int
	Capabilities    policy.Capabilities
}

// Available reports whether the worker is ready to pull jobs.
func (a Announcement) Available() bool { return a.Ready && !a.Draining }

// AnnouncementKey returns the key of a worker's announcement. The instance is unique to
// the worker; "*" matches every instance.
func AnnouncementKey(model, instance string) string { return Token(model) + "." + instance }

// KeptSubject returns the subject on which the last announcement of a model is published.
func KeptSubject(model string) string { return "$KV." + ModelsBucket + "." + Token(model) }

// AnnouncementSubject returns the subject on which the values of a key are published.
func AnnouncementSubject(key string) string { return "$KV." + WorkersBucket + "." + key }

// Encode returns a's value in the bucket.
func (a Announcement) Encode() ([]byte, error) {
	value, err := protojson.Marshal(&queuev1.WorkerAnnouncement{
		Name: a.Name, NatsUser: a.NATSUser, Model: wire.ModelToProto(a.Model), Slots: int32(a.Slots),
		Ready: a.Ready, Reason: strings.ToValidUTF8(a.Reason[:min(len(a.Reason), maxReason)], ""),
		Draining: a.Draining, ProtocolVersion: int32(a.ProtocolVersion),
		Capabilities: policywire.CapabilitiesToProto(a.Capabilities),
	})
	if err != nil {
		return nil, fmt.Errorf("encode announcement of worker %s: %w", a.Name, err)
	}
	return value, nil
}

// DecodeAnnouncement decodes a value of the bucket. A worker that does not support jobs with
// attempts and stop texts cannot have these capabilities.
func DecodeAnnouncement(value []byte) (Announcement, error) {
	var a queuev1.WorkerAnnouncement
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(value, &a); err != nil {
		return Announcement{}, reasoning.Mark(fmt.Errorf("decode announcement: %w", err), reasoning.ErrInvalid)
	}
	model, err := policywire.ModelFromProto(a.GetModel(), a.GetCapabilities())
	if err != nil {
		return Announcement{}, fmt.Errorf("announcement of worker %s: %w", a.GetName(), err)
	}
	if a.GetSlots() < 0 {
		return Announcement{}, reasoning.Invalid("announcement.slots", "must be 0 or more, is %d", a.GetSlots())
	}
	if a.GetProtocolVersion() < versionAttempts {
		model.Attempts, model.Stops = reasoning.SupportNo, reasoning.SupportNo
	}
	return Announcement{
		Name: a.GetName(), NATSUser: a.GetNatsUser(), Model: model.Model, Slots: int(a.GetSlots()),
		Ready: a.GetReady(), Reason: a.GetReason(), Draining: a.GetDraining(), ProtocolVersion: int(a.GetProtocolVersion()),
		Capabilities: model.Capabilities,
	}, nil
}
