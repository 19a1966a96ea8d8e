package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// ReadSettings returns the settings of the queue, and whether they were written or are
// the defaults.
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

// WriteSettings writes the settings of the queue. All processes that use the queue
// follow them at once; jobs that wait stay in the partition in which they are.
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

// settingsEvery is how often processes read the settings, besides at changes.
const settingsEvery = time.Minute

func settingsBucket(replicas int) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket: protocol.SettingsBucket, Description: "Settings of Ponder's work queue", History: 8, Replicas: replicas,
	}
}

// A settingsFollower knows the settings of the queue as they are now: the defaults,
// until NATS has answered.
type settingsFollower struct {
	js      jetstream.JetStream
	changed func()        // is called after a change; may be nil
	known   chan struct{} // closed when NATS has answered

	mu      sync.Mutex
	current protocol.Settings
}

func newSettingsFollower(js jetstream.JetStream, changed func()) *settingsFollower {
	return &settingsFollower{js: js, changed: changed, known: make(chan struct{}), current: protocol.DefaultSettings}
}

// settings returns the settings as they are now.
func (f *settingsFollower) settings() protocol.Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// wait returns the settings when NATS has answered.
func (f *settingsFollower) wait(ctx context.Context) (protocol.Settings, error) {
	select {
	case <-f.known:
		return f.settings(), nil
	case <-ctx.Done():
		return protocol.Settings{}, fmt.Errorf("read settings of the queue: %w", ctx.Err())
	}
}

// run follows the settings until ctx ends. It subscribes to the key's subject, as a
// subscription outlives the bucket and the server, and reads the bucket at the start and
// after a reconnect. It reads again natsTimeout after a message and every settingsEvery:
// JetStream stores a message later than NATS delivers it, so a read may return the value
// before, also of a message from before the subscription.
func (f *settingsFollower) run(ctx context.Context) {
	trigger := make(chan struct{}, 1)
	sub, err := f.js.Conn().Subscribe(protocol.SettingsSubject, func(m *nats.Msg) {
		s, err := protocol.DecodeSettings(m.Data)
		if m.Header.Get("KV-Operation") != "" { // deleted
			s, err = protocol.DefaultSettings, nil
		}
		f.set(s, err)
		time.AfterFunc(natsTimeout, func() { signal(trigger) })
	})
	if err != nil {
		return // the connection is closed
	}
	defer sub.Unsubscribe() // fails only if the connection is closed
	repeat(ctx, f.js.Conn(), trigger, settingsEvery, f.read)
}

func (f *settingsFollower) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	s, _, err := ReadSettings(ctx, f.js)
	if err != nil && !errors.Is(err, reasoning.ErrInvalid) {
		return err
	}
	f.set(s, err)
	return nil
}

// set changes the settings, unless err says that they are invalid.
func (f *settingsFollower) set(s protocol.Settings, err error) {
	if err != nil {
		slog.Error("settings of the queue are not followed", "error", err)
	}
	f.mu.Lock()
	changed := err == nil && s != f.current
	if changed {
		f.current = s
	}
	select {
	case <-f.known:
	default:
		close(f.known)
	}
	f.mu.Unlock()
	if changed && f.changed != nil {
		f.changed()
	}
}
