package policyqueue

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A Status describes the queues of all models on a NATS server.
type Status struct {
	Settings protocol.Settings
	Written  bool          // false: the settings are the defaults
	Models   []ModelStatus // models with a consumer, a worker or a last announcement, sorted by name
}

// A ModelStatus describes the queue of one model.
type ModelStatus struct {
	Model   string
	Load    Load
	Workers []protocol.Announcement // sorted by name
	Last    *protocol.Announcement  // that is kept for the time when no worker lives; nil: none
}

// ReadStatus reads the status from NATS. On a server without a queue it has no models.
func ReadStatus(ctx context.Context, js jetstream.JetStream) (Status, error) {
	var s Status
	var err error
	if s.Settings, s.Written, err = ReadSettings(ctx, js); err != nil {
		return Status{}, err
	}
	models := make(map[string]*ModelStatus)
	model := func(name string) *ModelStatus {
		if models[name] == nil {
			models[name] = &ModelStatus{Model: name}
		}
		return models[name]
	}
	loads, err := loads(ctx, js)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return Status{}, err
	}
	for name, load := range loads {
		model(name).Load = load
	}
	values, err := announcements(ctx, js, ">")
	if err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
		return Status{}, err
	}
	for _, value := range values {
		if a, err := protocol.DecodeAnnouncement(value); err == nil {
			m := model(a.Model.Name)
			m.Workers = append(m.Workers, a)
		}
	}
	kept, err := readAllKept(ctx, js)
	if err != nil {
		return Status{}, err
	}
	for _, a := range kept {
		model(a.Model.Name).Last = &a
	}
	for _, name := range slices.Sorted(maps.Keys(models)) {
		m := models[name]
		slices.SortFunc(m.Workers, func(a, b protocol.Announcement) int { return strings.Compare(a.Name, b.Name) })
		s.Models = append(s.Models, *m)
	}
	return s, nil
}
