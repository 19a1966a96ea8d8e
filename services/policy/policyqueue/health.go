package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

const (
	// probeTimeout is how long a worker waits for the answer of a probe.
	probeTimeout = 5 * time.Second
	// firstPause and longestPause bound the pause of a worker after its engine has failed: it
	// doubles while the first attempt after each pause fails, too.
	firstPause, longestPause = 100 * time.Millisecond, 10 * time.Second
)

// A health is what a worker knows of its engine, by probes and by failed attempts. A worker pulls
// only while its engine is ready, and pauses after a failure: for a while, or as long as the engine
// asked for.
//
// An engine that cannot be reached, or that says it is loading, is not ready until a probe succeeds.
// After any other failure a probe is due.
type health struct {
	log     *repeats
	probe   func(context.Context) error // nil: there is none, and only failures tell
	changed func()                      // is called, without the lock, when the worker may pull again or no more
	due     trigger                     // a probe is due

	mu       sync.Mutex
	unready  error     // why the engine is not ready; nil: it is
	round    int       // number of pauses
	failures int       // rounds since one in which an attempt succeeded
	resume   time.Time // end of the pause
	timer    *time.Timer
}

// errUnknown is the reason of an engine that has not been probed yet.
var errUnknown = errors.New("the engine has not answered yet")

func newHealth(log *repeats, probe func(context.Context) error, changed func()) *health {
	h := &health{log: log, probe: probe, changed: changed, due: newTrigger()}
	if probe != nil {
		h.unready = errUnknown
	}
	return h
}

// run probes the engine every protocol.AnnounceEvery, and at once after a failure, until ctx ends.
func (h *health) run(ctx context.Context) {
	defer h.stop()
	if h.probe == nil {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(protocol.AnnounceEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		h.check(ctx)
		select {
		case <-ctx.Done():
		case <-h.due:
		case <-ticker.C:
		}
	}
}

// stop stops the timer of a pause.
func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Stop()
	}
}

// check probes the engine. A probe that gets no answer says nothing, since a busy engine may be slow
// to answer, and neither does one that began before the last failure.
func (h *health) check(ctx context.Context) {
	round := h.begin()
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := h.probe(limited)
	if limited.Err() != nil {
		return
	}
	h.mu.Lock()
	if round != h.round {
		h.mu.Unlock()
		h.due.signal()
		return
	}
	before := h.unready
	h.unready = err
	h.mu.Unlock()
	if (before == nil) == (err == nil) && before != errUnknown {
		return
	}
	if err != nil {
		h.log.log(slog.LevelWarn, "worker pulls no jobs: its engine is not ready", err)
	} else if before != errUnknown {
		slog.Info("worker pulls jobs again: its engine is ready", "worker", h.log.worker)
	}
	h.changed()
}

// begin returns the round of an attempt or a probe that begins.
func (h *health) begin() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.round
}

// failed records that the engine failed an attempt that began in a round with err, which is
// transient. A failure of an earlier round says nothing new, except for a longer delay.
func (h *health) failed(round int, err error) {
	throttled := errors.Is(err, reasoning.ErrOverloaded)
	h.mu.Lock()
	pause := reasoning.Delay(err)
	first := round == h.round
	if first {
		pause = max(pause, min(longestPause, firstPause<<min(h.failures, 20)))
		h.round++
		h.failures++
	}
	open := h.open()
	if resume := time.Now().Add(pause); pause > 0 && resume.After(h.resume) {
		h.resume = resume
		if h.timer == nil {
			h.timer = time.AfterFunc(pause, h.changed)
		}
		h.timer.Reset(pause)
	}
	if first && !throttled && h.probe != nil && reasoning.Refused(err) {
		h.unready = err
	}
	h.mu.Unlock()
	if !first {
		return
	}
	h.log.log(slog.LevelWarn, "worker pauses: its engine failed", err, "pause", pause)
	if !throttled {
		h.due.signal()
	}
	if open {
		h.changed()
	}
}

// succeeded records that an attempt that began in a round has succeeded.
func (h *health) succeeded(round int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if round == h.round {
		h.failures = 0
	}
}

// pulls reports whether the worker may pull jobs now.
func (h *health) pulls() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open()
}

// open is pulls for a caller that holds the lock.
func (h *health) open() bool { return h.unready == nil && !time.Now().Before(h.resume) }

// broken reports whether the engine stays not ready until a person changes its settings.
func (h *health) broken() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return reasoning.Permanent(h.unready)
}

// state returns whether the engine is ready, for the worker's announcement, and why the worker
// pulls no jobs if it does not.
func (h *health) state() (ready bool, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.unready != nil:
		return false, h.unready.Error()
	case !h.open():
		return true, fmt.Sprintf("paused until %s", h.resume.UTC().Format(time.TimeOnly))
	}
	return true, ""
}
