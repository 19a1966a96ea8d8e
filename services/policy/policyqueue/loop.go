package policyqueue

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
)

// A loop repeats an action that needs a connection to NATS.
type loop struct {
	nc      *nats.Conn
	action  func(context.Context) error
	every   time.Duration // 0: only when triggered, after an error and after a reconnect
	trigger trigger       // nil: none
}

// run runs the action at once, after each trigger, after each reconnect, natsTimeout after
// an error, and every l.every. It waits while there is no connection, and returns when ctx
// ends.
func (l loop) run(ctx context.Context) {
	connected := l.nc.StatusChanged(nats.CONNECTED)
	defer l.nc.RemoveStatusListener(connected)
	for ctx.Err() == nil {
		var err error
		if l.nc.IsConnected() {
			err = l.action(ctx)
		}
		wait := l.every
		if err != nil {
			wait = natsTimeout
		}
		timer := time.NewTimer(wait)
		if wait == 0 || !l.nc.IsConnected() {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
		case <-l.trigger:
		case <-connected:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// sleep blocks for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
