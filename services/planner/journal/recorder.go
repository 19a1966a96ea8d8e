package journal

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// interval is the time between the beginnings of two Appends of a Recorder. A journal takes some
// hundred synced records a second in all, so the entries of that time go into one record.
const interval = 50 * time.Millisecond

// Pauses between two attempts at an Append that fails.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

// attemptTimeout bounds an attempt at an Append: a Log may wait for its journal until its context
// ends, and an Append that waits is to be reported.
const attemptTimeout = 5 * time.Second

// A Recorder appends the entries of a search to its log in the background: it never delays the
// search, and one Append is in flight at a time. Entries that are added meanwhile go into the
// next, so that a slow journal gets fewer and larger records. A Recorder is safe for concurrent
// use. Make it with [NewRecorder].
type Recorder struct {
	log    Log
	report func(error)
	stop   context.CancelCauseFunc
	done   chan struct{} // closed when run has returned

	mu      sync.Mutex
	waiting []Entry       // added, not yet given to the log
	added   int           // entries in all
	durable int           // entries in all, from the first
	urgent  bool          // a Flush waits
	err     error         // permanent: no more entries become durable
	changed chan struct{} // closed and replaced when one of these fields changes
}

// errStopped ends a Recorder that is closed.
var errStopped = errors.New("recorder closed")

// NewRecorder returns a Recorder of a log, which nothing else may append to. It calls report for
// each Append that failed for a reason that may pass and is repeated, and for one that failed for
// good, after which the Recorder drops all entries. Close ends it.
func NewRecorder(log Log, report func(error)) *Recorder {
	ctx, stop := context.WithCancelCause(context.Background())
	r := &Recorder{log: log, report: report, stop: stop, done: make(chan struct{}), changed: make(chan struct{})}
	go r.run(ctx)
	return r
}

// Add adds entries to the log, after all that were added before. It does not block. Their bodies
// must not be changed afterwards.
func (r *Recorder) Add(entries ...Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, entries...)
	r.added += len(entries)
	r.change()
}

// Flush blocks until all entries that were added before are durable, or never will be.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for target := r.added; r.durable < target; {
		if r.err != nil {
			return r.err
		}
		if !r.urgent {
			r.urgent = true
			r.change()
		}
		if !r.await(ctx, nil) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// Close stops the Recorder, after an attempt to append what is waiting; it returns the error of
// Flush. ctx bounds that attempt.
func (r *Recorder) Close(ctx context.Context) error {
	err := r.Flush(ctx)
	r.stop(errStopped)
	<-r.done
	return err
}

// change tells all who wait that a field changed. The caller holds r.mu.
func (r *Recorder) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// await unlocks r.mu until a field changes, the timer fires (nil: never) or ctx ends, and locks it again. It
// returns false if ctx has ended. The caller holds r.mu.
func (r *Recorder) await(ctx context.Context, timer <-chan time.Time) bool {
	changed := r.changed
	r.mu.Unlock()
	defer r.mu.Lock()
	select {
	case <-changed:
	case <-timer:
	case <-ctx.Done():
		return false
	}
	return true
}

// run appends entries until ctx ends or an Append fails for good.
func (r *Recorder) run(ctx context.Context) {
	defer close(r.done)
	for began := (time.Time{}); ; {
		batch, ok := r.next(ctx, began)
		if !ok {
			r.fail(context.Cause(ctx))
			return
		}
		began = time.Now()
		if err := r.append(ctx, batch); err != nil {
			r.fail(err)
			return
		}
		r.mu.Lock()
		r.durable += len(batch)
		r.urgent = r.urgent && r.durable < r.added
		r.change()
		r.mu.Unlock()
	}
}

// next waits for the entries of the next Append; ok is false if ctx has ended. began is the
// beginning of the last Append.
func (r *Recorder) next(ctx context.Context, began time.Time) (batch []Entry, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) == 0 {
		if !r.await(ctx, nil) {
			return nil, false
		}
	}
	timer := time.NewTimer(time.Until(began.Add(interval)))
	defer timer.Stop()
	for !r.urgent && time.Since(began) < interval {
		if !r.await(ctx, timer.C) {
			return nil, false
		}
	}
	batch = slices.Clone(r.waiting)
	r.waiting = nil
	return batch, true
}

// append appends entries, and repeats an Append that fails for a reason that may pass.
func (r *Recorder) append(ctx context.Context, entries []Entry) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		attempt, stop := context.WithTimeout(ctx, attemptTimeout)
		err := r.log.Append(attempt, entries...)
		stop()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = reasoning.Mark(err, reasoning.ErrUnavailable)
		}
		r.report(err)
		if !errors.Is(err, ErrFull) && !errors.Is(err, reasoning.ErrUnavailable) {
			return err
		}
		entries = nil // the log has them
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// fail drops all entries, now and later.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	r.waiting = nil
	r.change()
}
