package planner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/plannertrace"
)

// acceptTimeout bounds the time in which a search must be in the journal before it is accepted.
const acceptTimeout = 5 * time.Second

// errTakenOver ends a search that another planner runs now.
var errTakenOver = reasoning.NewError(reasoning.KindUnavailable, "SEARCH_MOVED", "another planner runs the search: ask again")

// A recording is the log of a live search that outlives its planner. A nil *recording records
// nothing: it is that of a search in memory.
type recording struct {
	recorder *journal.Recorder
	fail     func(error) // called with the error of an entry that cannot be recorded
}

// add records an entry. It does not block.
func (r *recording) add(kind string, record any) {
	if r == nil {
		return
	}
	e, err := entryOf(kind, record)
	if err != nil {
		r.fail(err)
		return
	}
	r.recorder.Add(e)
}

// answered records an answer.
func (r *recording) answered(a backend.Answer) {
	r.recorder.Add(journal.Entry{Kind: kindAnswer, Body: a.Encode()})
}

// acceptDurably writes the first record of a search, and starts its recording.
func (p *Planner) acceptDurably(ctx context.Context, l *live) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer stop()
	accepted, err := entryOf(kindAccepted, acceptedRecord{
		ID: l.id, Created: l.created, Trace: recordTrace(ctx), Request: recordRequest(l.request),
	})
	if err != nil {
		return err
	}
	log, _, err := p.cfg.Journal.Open(ctx, journal.KeyOf(l.request.Tenant, l.id))
	if err != nil {
		return notAccepted(err)
	}
	if err := log.Append(ctx, accepted); err != nil {
		p.deleteLogLater(l) // the request may be in the log all the same
		return notAccepted(err)
	}
	p.record(l, log)
	return nil
}

// notAccepted returns the error of a search that is refused because the journal does not take it.
func notAccepted(err error) error {
	err = fmt.Errorf("the search was not accepted: %w", err)
	if errors.Is(err, context.DeadlineExceeded) {
		return reasoning.Mark(err, reasoning.ErrUnavailable)
	}
	return err
}

// record starts the recording of a search in its log.
func (p *Planner) record(l *live, log journal.Log) {
	r := &recording{}
	r.fail = func(err error) { p.journalFailed(l, err) }
	r.recorder = journal.NewRecorder(log, r.fail)
	l.recording = r
}

// journalFailed handles the error of an append. If another planner runs the search, it ends here.
// After any other permanent error the search continues without records.
func (p *Planner) journalFailed(l *live, err error) {
	switch {
	case errors.Is(err, journal.ErrFenced):
		l.cancel(errTakenOver)
	case errors.Is(err, reasoning.ErrUnavailable) || errors.Is(err, journal.ErrFull):
		l.waitingForJournal.Do(func() {
			l.notice(NoticeWaiting, "the journal does not take records: the search continues, and its end waits for the journal: %v", err)
		})
	default:
		l.notice(NoticeDegraded, "the search is not recorded any more, and a planner that restarts runs it again from the last record: %v", err)
	}
}

// propagator writes the trace context and the baggage of a search's caller to the journal.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// recordTrace returns the trace context and the baggage of ctx.
func recordTrace(ctx context.Context) map[string]string {
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	return carrier
}

// withTrace returns ctx with what recordTrace has recorded.
func withTrace(ctx context.Context, recorded map[string]string) context.Context {
	return propagator.Extract(ctx, propagation.MapCarrier(recorded))
}

// endDurably records the end of a search, and waits until it is durable: for as long as the
// search has time, and at least endTimeout; but at most endTimeout once the planner stops. If the
// search does not end here, endDurably returns why: another planner runs it, or the planner stops
// before the end is durable, and one that resumes the search ends it.
func (r *run) endDurably(final State, ended time.Time, outcome Outcome) (left error) {
	rec := r.live.recording
	if rec == nil {
		return nil
	}
	rec.add(kindEnded, recordEnd(final, ended, r.bill, r.live.search().Nodes, outcome))
	ctx, stop := context.WithTimeout(context.Background(), max(endTimeout, time.Until(r.live.request.Deadline)))
	defer stop()
	defer context.AfterFunc(r.ctx, func() { // the planner stops
		select {
		case <-time.After(endTimeout):
			stop()
		case <-ctx.Done():
		}
	})()
	err := rec.recorder.Close(ctx)
	switch {
	case err == nil:
	case errors.Is(err, journal.ErrFenced):
		return errTakenOver
	case r.ctx.Err() != nil && errors.Is(err, context.Canceled):
		return ErrClosed
	default:
		r.notice(NoticeDegraded, "the end of the search is not in the journal: a planner that restarts runs the search again: %v", err)
	}
	return nil
}

// endTimeout is the least time for which the end of a search waits for the journal.
const endTimeout = 5 * time.Second

// leave ends the work of this planner on a search that it does not run to its end.
func (r *run) leave(ctx context.Context, log searchLog, cause error) {
	r.trace.End(plannertrace.End{State: plannertrace.StateLeft, Bill: r.bill, Err: cause})
	log.left(ctx, cause)
	r.live.leave(cause)
}

// leave stops the recording of a search that this planner does not run to its end: what was
// recorded is durable, and another planner, or this one after a restart, continues it.
func (l *live) leave(cause error) {
	ctx, stop := context.WithTimeout(context.Background(), endTimeout)
	defer stop()
	l.recording.recorder.Close(ctx) // entries that are not recorded are asked for again
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = cause
	close(l.changed)
	l.changed = make(chan struct{})
}

// leaves reports whether the search goes on elsewhere, or after a restart, when it has stopped for
// this cause.
func (l *live) leaves(cause error) bool {
	return l.recording != nil && (errors.Is(cause, ErrClosed) || errors.Is(cause, errTakenOver))
}

// journal returns the decorator that records the answers of the search, and gives it those that
// were recorded before.
func (r *run) journal(memo *backend.Memoed) *backend.Journaled {
	var answers []backend.Answer
	if r.live.history != nil {
		answers = r.live.history.answers
	}
	j := backend.Journal(memo, answers, r.live.recording.answered)
	j.Diverged = r.diverged
	if r.expire != nil {
		j.Deadline = r.live.request.Deadline
	}
	return j
}

// whyLeft returns why this planner does not run the search any more, nil if it does.
func (l *live) whyLeft() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

// deleteLog deletes the log of a search that has ended, if it has one.
func (p *Planner) deleteLog(ctx context.Context, l *live) error {
	if !l.stored {
		return nil
	}
	if err := p.cfg.Journal.Delete(ctx, journal.KeyOf(l.request.Tenant, l.id)); err != nil {
		return fmt.Errorf("delete the log of search %s: %w", l.id, err)
	}
	return nil
}

// deleteLogLater deletes the log of a search in the background, and tries again until the planner
// stops. A log that is not deleted by then is found by the next Resume. The caller holds p.mu, or
// has added to p.busy.
func (p *Planner) deleteLogLater(l *live) {
	if !l.stored || p.ctx.Err() != nil {
		return
	}
	p.busy.Go(func() {
		for attempt := 1; ; attempt++ {
			ctx, stop := context.WithTimeout(p.ctx, deleteTimeout)
			err := p.deleteLog(ctx, l)
			stop()
			if err == nil || p.ctx.Err() != nil {
				return
			}
			if attempt == 1 {
				p.cfg.Log.WarnContext(p.ctx, "the log of a search that is over stays in the journal for now", "search", l.id, "error", err)
			}
			select {
			case <-time.After(deleteTimeout):
			case <-p.ctx.Done():
				return
			}
		}
	})
}

// deleteTimeout bounds a deletion in the background, and is the time until the next attempt.
const deleteTimeout = 10 * time.Second
