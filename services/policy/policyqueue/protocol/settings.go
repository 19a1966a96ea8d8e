package protocol

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

const (
	// SettingsBucket is the key-value bucket of the settings.
	SettingsBucket = "QUEUE"
	// SettingsKey is the key of the settings.
	SettingsKey = "settings"
	// SettingsSubject is the subject on which values of the key are published.
	SettingsSubject = "$KV." + SettingsBucket + "." + SettingsKey
)

// Settings are shared by all processes of a queue. `ponder queue set` changes them.
type Settings struct {
	Partitions int // of the stream, 1 to 1024: searches are spread over them, and workers own them
	Cap        int // largest number of children of one job, 1 to 1024
}

// DefaultSettings apply while the bucket has none.
var DefaultSettings = Settings{Partitions: 1, Cap: 8}

// Validate returns a *reasoning.InvalidError for the first rule that s breaks.
func (s Settings) Validate() error {
	switch {
	case s.Partitions < 1 || s.Partitions > 1024:
		return reasoning.Invalid("partitions", "must be 1 to 1024, is %d", s.Partitions)
	case s.Cap < 1 || s.Cap > 1024:
		return reasoning.Invalid("cap", "must be 1 to 1024, is %d", s.Cap)
	}
	return nil
}

// Encode returns s's value in the bucket.
func (s Settings) Encode() ([]byte, error) {
	value, err := protojson.Marshal(&queuev1.QueueSettings{Partitions: int32(s.Partitions), Cap: int32(s.Cap)})
	if err != nil {
		return nil, fmt.Errorf("encode settings of the queue: %w", err)
	}
	return value, nil
}

// DecodeSettings decodes a value of the bucket, and validates it.
func DecodeSettings(value []byte) (Settings, error) {
	var p queuev1.QueueSettings
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(value, &p); err != nil {
		return Settings{}, reasoning.Mark(fmt.Errorf("decode settings of the queue: %w", err), reasoning.ErrInvalid)
	}
	s := Settings{Partitions: int(p.GetPartitions()), Cap: int(p.GetCap())}
	if err := s.Validate(); err != nil {
		return Settings{}, fmt.Errorf("settings of the queue: %w: ponder queue set replaces them", err)
	}
	return s, nil
}
