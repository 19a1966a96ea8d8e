package policyqueue

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
)

// repeat calls do until ctx ends: at once, whenever the trigger holds a value, whenever
// the connection is back, natsTimeout after it failed, and else after every, unless
// that is 0. Without a connection it waits for one.
func repeat(
	ctx context.Context, nc *nats.Conn, trigger <-chan struct{}, every time.Duration, do func(context.Context) error,
) {
	connected := nc.StatusChanged(nats.CONNECTED)
	defer nc.RemoveStatusListener(connected)
	for ctx.Err() == nil {
		var err error
		if nc.IsConnected() {
			err = do(ctx)
		}
		wait := every
		if err != nil {
			wait = natsTimeout
		}
		timer := time.NewTimer(wait)
		if wait == 0 || !nc.IsConnected() {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
		case <-trigger:
		case <-connected:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// signal puts a value into a trigger, unless it holds one.
func signal(trigger chan<- struct{}) {
	select {
	case trigger <- struct{}{}:
	default:
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
