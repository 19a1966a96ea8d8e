package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An attempt is one delivery of a job to a worker.
type attempt struct {
	worker  *Worker
	held    *hold
	id      string // of the message: the job's name and epoch
	job     string
	search  string
	request policy.Request
	start   policy.Start
	stop    context.CancelCauseFunc

	claimed  bool
	unwanted bool            // the owner wants no more of it
	untold   []policy.Child  // finished, but the owner may not know
	vain     reasoning.Usage // of those that were stopped
}

var (
	errCancelled = errors.New("nobody wants the job any more")
	errDeadline  = fmt.Errorf("job: %w", context.DeadlineExceeded)
	errNoOwner   = errors.New("nobody owns the search")
)

// do does the job in msg as far as it can, and settles the message.
func (w *Worker) do(ctx context.Context, msg *nats.Msg, held *hold) {
	meta, err := msg.Metadata()
	if err != nil {
		slog.Error("policy worker got what is no job", "worker", w.name, "subject", msg.Subject, "error", err)
		return
	}
	a := &attempt{worker: w, held: held, id: msg.Header.Get(nats.MsgIdHdr), search: searchIn(msg.Subject)}
	a.start = policy.Start{Worker: w.name, Attempt: int(meta.NumDelivered)}
	enqueued := timeIn(msg.Header, headerEnqueued, meta.Timestamp)
	a.start.QueueWait = max(0, time.Since(enqueued)) // clocks differ
	ctx, cancel := context.WithDeadlineCause(ctx, timeIn(msg.Header, headerDeadline, enqueued.Add(w.cfg.MaxAge)), errDeadline)
	defer cancel()
	ctx, a.stop = context.WithCancelCause(ctx)
	defer a.stop(nil)
	beating := make(chan struct{})
	go func() { w.beat(ctx, msg); close(beating) }()
	err = a.try(ctx, msg)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // why it was stopped, not how the Policy puts it
	}
	a.stop(nil)
	<-beating // a sign of life after the message is settled would be a lie
	if a.unwanted || errors.Is(err, errCancelled) || errors.Is(err, errDeadline) {
		a.sayLast()
	}
	w.settle(msg, a, err)
}

// beat gives signs of life until ctx ends.
func (w *Worker) beat(ctx context.Context, msg *nats.Msg) {
	if w.noHeartbeats {
		return
	}
	ticker := time.NewTicker(w.cfg.AckWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			msg.InProgress() // the next one may get through
		}
	}
}

// try is the attempt, traced.
func (a *attempt) try(ctx context.Context, msg *nats.Msg) (err error) {
	job, r, err := decode(msg)
	a.job, a.request = job.GetJobId(), r
	ctx, span := startProcess(ctx, r, msg, a.start)
	defer func() { endSpan(span, err) }()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	model, err := a.worker.policy.Model(ctx)
	if err != nil {
		return fmt.Errorf("which model is here: %w", err)
	}
	if !r.Model.Accepts(model) {
		return &otherModelError{want: r.Model, have: model}
	}
	a.worker.add(a)
	defer a.worker.remove(a)

	missing, previous, err := a.claim(ctx)
	if err != nil {
		return err
	}
	a.claimed = true
	linkPrevious(span, previous)
	for len(missing) > 0 {
		left, err := a.expand(ctx, missing)
		if err != nil {
			return err
		}
		if len(left) > 0 && (len(left) >= len(missing) || a.held.size() == 0) { // it has forgotten what it took
			return fmt.Errorf("the search's owner misses children %v again", left)
		}
		missing = left
	}
	return nil
}

// expand has as many of the missing children written as there are places, sends
// them, and returns which are missing then.
func (a *attempt) expand(ctx context.Context, missing []int) ([]int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := a.request
	r.Ordinals = missing[:min(len(missing), a.held.size())]
	last := len(r.Ordinals) == len(missing)
	if last {
		a.held.shrink(len(r.Ordinals)) // else the places are kept for the next turn
	}
	// One child after the other, so that they are taken in the order they came in.
	children := make(chan policy.Child, len(r.Ordinals))
	sent := make(chan struct{})
	left := missing
	var sending error
	go func() {
		defer close(sent)
		for n := 1; n <= len(r.Ordinals); n++ {
			child, ok := <-children
			if !ok {
				return
			}
			left, sending = a.deliver(ctx, child)
			if sending != nil {
				a.untold = append(a.untold, child)
			}
			a.unwanted = sending == nil && len(left) == 0 && n < len(r.Ordinals)
			if sending != nil || a.unwanted {
				stop() // the owner is gone, or wants no more
				return
			}
		}
	}()
	writing := a.write(ctx, r, func(child policy.Child) {
		children <- child
		if last {
			a.held.shrink(a.held.size() - 1)
		}
	})
	close(children)
	<-sent
	for child := range children {
		a.untold = append(a.untold, child)
	}
	switch {
	case len(left) == 0 && sending == nil:
		return nil, nil
	case sending != nil:
		return nil, sending
	}
	return left, writing
}

// write has the Policy write r's children. A panic in it is its error.
func (a *attempt) write(ctx context.Context, r policy.Request, give func(policy.Child)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("policy panicked", "worker", a.start.Worker, "job", a.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("policy panicked: %v", p)
		}
	}()
	awaited := slices.Clone(r.Ordinals)
	for child, err := range a.worker.policy.Expand(ctx, r) {
		if err != nil {
			a.vain = a.vain.Add(child.Usage)
			return err
		}
		i := slices.Index(awaited, child.Ordinal)
		if i < 0 {
			return fmt.Errorf("policy gave child %d, which was not asked for or came before", child.Ordinal)
		}
		awaited = slices.Delete(awaited, i, i+1)
		give(child)
	}
	if len(awaited) > 0 {
		return fmt.Errorf("policy ended without an error and without children %v", awaited)
	}
	return nil
}

// settle ends the message according to how the attempt ended.
func (w *Worker) settle(msg *nats.Msg, a *attempt, err error) {
	log := slog.With("worker", w.name, "search", a.search, "job", a.id, "attempt", a.start.Attempt)
	var other *otherModelError
	switch lastAttempt := a.start.Attempt >= w.cfg.MaxDeliver; {
	case err == nil, errors.Is(err, errCancelled):
		settled(log, msg.Ack())
	case errors.Is(err, nats.ErrConnectionClosed): // nothing can be said
	case errors.Is(err, errDeadline):
		settled(log, term(msg, "deadline is over"))
	case errors.Is(err, errStopped):
		settled(log, msg.Nak())
	case errors.Is(err, reasoning.ErrInvalid), errors.Is(err, policy.ErrModel) && !errors.As(err, &other):
		log.Error("job cannot be done", "error", err)
		w.giveUp(log, msg, a, err)
	case errors.Is(err, errNoOwner) && lastAttempt: // if it ever comes back, it finds the job gone
		log.Warn("job dropped", "error", err)
		settled(log, term(msg, err.Error()))
	case errors.Is(err, errNoOwner):
		settled(log, msg.NakWithDelay(w.cfg.AckWait))
	case lastAttempt:
		log.Error("job given up", "error", err)
		w.giveUp(log, msg, a, fmt.Errorf("%w after %d attempts, at last by worker %s: %w", policy.ErrPoison, a.start.Attempt, w.name, err))
	default:
		log.Warn("attempt at a job failed", "error", err)
		settled(log, msg.NakWithDelay(retryAfter(a.start.Attempt)))
	}
}

// giveUp tells the owner that the job failed for good, and drops it.
func (w *Worker) giveUp(log *slog.Logger, msg *nats.Msg, a *attempt, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.AckWait/2)
	defer cancel()
	if a.job != "" {
		if _, _, unsaid := a.tell(ctx, &queuev1.ExpansionResult{Event: failure(err)}); unsaid != nil {
			log.Error("nobody was told that the job failed", "error", unsaid)
		}
	}
	settled(log, term(msg, err.Error()))
}

// settled logs that a message could not be settled: it will come again.
func settled(log *slog.Logger, err error) {
	if err != nil {
		log.Warn("job cannot be settled", "error", err)
	}
}

// retryAfter an attempt: 250 ms after the first, then four times longer each.
func retryAfter(attempt int) time.Duration {
	return min(time.Minute, 250*time.Millisecond<<(2*min(attempt-1, 8)))
}

// An otherModelError is a job for a model with another identity than is here; there
// may be workers that have it.
type otherModelError struct{ want, have reasoning.Model }

func (e *otherModelError) Error() string {
	return fmt.Sprintf("%v: want %+v, have %+v", policy.ErrModel, e.want, e.have)
}

func (e *otherModelError) Unwrap() error { return policy.ErrModel }

func (w *Worker) add(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attempts[a] = struct{}{}
}

func (w *Worker) remove(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.attempts, a)
}
