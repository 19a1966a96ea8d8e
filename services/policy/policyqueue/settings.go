package policyqueue

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// ReadSettings returns the settings of the queue. written is false if the bucket has none,
// so that they are the defaults.
func ReadSettings(ctx context.Context, js jetstream.JetStream) (s protocol.Settings, written bool, err error) {
	kv, err := js.KeyValue(ctx, protocol.SettingsBucket)
	if err == nil {
		var entry jetstream.KeyValueEntry
		if entry, err = kv.Get(ctx, protocol.SettingsKey); err == nil {
			s, err = protocol.DecodeSettings(entry.Value())
			return s, true, err
		}
	}
	if errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrKeyNotFound) {
		return protocol.DefaultSettings, false, nil
	}
	return protocol.Settings{}, false, fmt.Errorf("read settings of the queue: %w", classify(ctx, err))
}

// WriteSettings puts the settings of the queue into their bucket. All processes that use the
// queue follow them at once. Jobs in the queue stay in their partitions.
func WriteSettings(ctx context.Context, js jetstream.JetStream, s protocol.Settings) error {
	if err := s.Validate(); err != nil {
		return err
	}
	value, err := s.Encode()
	if err != nil {
		return err
	}
	kv, err := js.KeyValue(ctx, protocol.SettingsBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, settingsBucket(1))
	}
	if err == nil {
		_, err = kv.Put(ctx, protocol.SettingsKey, value)
	}
	if err != nil {
		return fmt.Errorf("write settings of the queue: %w", classify(ctx, err))
	}
	return nil
}
