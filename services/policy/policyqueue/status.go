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

// A Status is what the queues of all models on a NATS server are doing.
type Status struct {
	Settings protocol.Settings
	Written  bool          // else the settings are the defaults
	Models   []ModelStatus // those with a queue or a worker, by name
}

// A ModelStatus is what one model's queue is doing.
type ModelStatus struct {
	Model   string
	Load    Load
	Workers []protocol.Announcement // by name
}

// ReadStatus asks NATS for the status. A server without a queue has an empty one.
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
	for _, name := range slices.Sorted(maps.Keys(models)) {
		m := models[name]
		slices.SortFunc(m.Workers, func(a, b protocol.Announcement) int { return strings.Compare(a.Name, b.Name) })
		s.Models = append(s.Models, *m)
	}
	return s, nil
}
