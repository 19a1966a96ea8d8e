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

// settingsEvery is how often a settingsFollower reads the bucket.
const settingsEvery = time.Minute

// A settingsFollower holds the current settings of the queue. It begins with the defaults.
type settingsFollower struct {
	js      jetstream.JetStream
	changed func()        // is called, without the lock, after a change; may be nil
	known   chan struct{} // closed after the first response of NATS

	mu      sync.Mutex
	current protocol.Settings
}

func newSettingsFollower(js jetstream.JetStream, changed func()) *settingsFollower {
	return &settingsFollower{js: js, changed: changed, known: make(chan struct{}), current: protocol.DefaultSettings}
}

// settings returns the current settings.
func (f *settingsFollower) settings() protocol.Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// wait blocks until NATS has responded, and returns the current settings.
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
	reread := newTrigger()
	sub, err := f.js.Conn().Subscribe(protocol.SettingsSubject, func(m *nats.Msg) {
		s, err := protocol.DecodeSettings(m.Data)
		if m.Header.Get("KV-Operation") != "" { // a deletion
			s, err = protocol.DefaultSettings, nil
		}
		f.set(s, err)
		time.AfterFunc(natsTimeout, reread.signal)
	})
	if err != nil {
		return // the connection is closed
	}
	defer sub.Unsubscribe() // fails only if the connection is closed
	loop{nc: f.js.Conn(), action: f.read, every: settingsEvery, trigger: reread}.run(ctx)
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

// set changes the current settings. If err is not nil, the settings are invalid, and set
// logs the error.
func (f *settingsFollower) set(s protocol.Settings, err error) {
	if err != nil {
		slog.Error("settings of the queue are invalid and not followed", "error", err)
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
