package openai

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Limits of what is read of a stream after its caller has cancelled it. They count ticks and not
// time: a process that gets no processor reads nothing.
const (
	drainTick  = 5 * time.Millisecond
	drainQuiet = 5  // ticks without new bytes, after which all that has arrived is read
	drainMost  = 50 // ticks
)

// A watch stops a stream when a wait for its next bytes takes too long. When the caller cancels the
// stream, the watch lets what has arrived be read, so that its tokens are counted: there may be many
// if this process was paused.
type watch struct {
	stop context.CancelCauseFunc
	idle time.Duration

	mu    sync.Mutex
	timer *time.Timer // runs while the stream waits for bytes
	reads int         // that have returned
}

// newWatch returns a watch of a stream that waits. It calls stop after a wait longer than idle.
func newWatch(idle time.Duration, stop context.CancelCauseFunc) *watch {
	w := &watch{stop: stop, idle: idle}
	w.wait()
	return w
}

// wait notes that the stream waits for bytes.
func (w *watch) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.idle, func() {
		w.stop(fmt.Errorf("%w: nothing received for %v", errIdle, w.idle))
	})
}

// received notes that the stream does not wait any more.
func (w *watch) received() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.reads++
}

// drain stops the stream, for this cause, as soon as nothing more has arrived.
func (w *watch) drain(cause error) {
	last, quiet, ticks := -1, 0, 0
	var tick func()
	tick = func() {
		w.mu.Lock()
		reads := w.reads
		w.mu.Unlock()
		if ticks++; reads != last {
			last, quiet = reads, 0
		} else {
			quiet++
		}
		if quiet == drainQuiet || ticks == drainMost {
			w.stop(cause)
			return
		}
		time.AfterFunc(drainTick, tick)
	}
	tick()
}

// A watched is a body that a watch watches. Keep-alive comments count: a server that sends them
// while a request waits in its queue is alive.
type watched struct {
	io.ReadCloser
	watch *watch
}

func (w *watched) Read(p []byte) (int, error) {
	w.watch.wait()
	defer w.watch.received()
	return w.ReadCloser.Read(p)
}
