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

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Causes of an attempt's end, beside errors of its Policy.
var (
	errCancelled = errors.New("the job is cancelled")
	errDeadline  = fmt.Errorf("job: %w", context.DeadlineExceeded)
	errStopped   = errors.New("the worker stops") // its drain time is over
)

// An attempt is one delivery of a job to a worker. It runs in one goroutine.
type attempt struct {
	worker    *Worker
	msg       *nats.Msg
	id        string // the job's message id
	partition int
	search    string
	start     policy.Start
	reserved  *reservation
	cancel    context.CancelCauseFunc // stops it; other goroutines may call it

	job         protocol.Job
	claimed     bool
	unwanted    bool            // the client wants no more children
	undelivered []policy.Child  // finished, but perhaps not known to the client
	wasted      reasoning.Usage // of children that were begun and are not finished
}

// do makes an attempt at the job in msg, and settles the message.
func (w *Worker) do(ctx context.Context, msg *nats.Msg, reserved *reservation) {
	meta, err := msg.Metadata()
	if err != nil {
		slog.Error("message of the queue is no job", "worker", w.name, "subject", msg.Subject, "error", err)
		return
	}
	a := &attempt{worker: w, msg: msg, id: msg.Header.Get(nats.MsgIdHdr), reserved: reserved}
	a.partition, a.search, _ = protocol.ParseSubject(msg.Subject)
	enqueued := protocol.Enqueued(msg.Header, meta.Timestamp)
	a.start = policy.Start{
		Worker:    w.name,
		Attempt:   int(meta.NumDelivered),
		QueueWait: max(0, time.Since(enqueued)), // clocks differ
	}
	deadline := protocol.Deadline(msg.Header, enqueued.Add(w.cfg.MaxAge))
	ctx, release := context.WithDeadlineCause(ctx, deadline, errDeadline)
	defer release()
	ctx, a.cancel = context.WithCancelCause(ctx)
	defer a.cancel(nil)

	heartbeats := make(chan struct{})
	go func() { a.sendHeartbeats(ctx); close(heartbeats) }()
	err = a.run(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // why it was stopped, not how the Policy says so
	}
	a.cancel(nil)
	<-heartbeats // do not send one after ack or nak
	if a.claimed && (a.unwanted || errors.Is(err, errCancelled) || errors.Is(err, errDeadline)) {
		a.reporter().stopped(a.undelivered, a.wasted)
	}
	a.settle(err)
}

// sendHeartbeats tells JetStream that the attempt runs, until ctx ends.
func (a *attempt) sendHeartbeats(ctx context.Context) {
	ticker := time.NewTicker(a.worker.cfg.AckWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.msg.InProgress() // if it fails, the next may not
		}
	}
}

func (a *attempt) reporter() reporter {
	return reporter{nc: a.worker.nc, search: a.search, job: a.job.Name, epoch: a.job.Epoch, start: a.start}
}

// run decodes the job, checks that it is for the model that is here, claims it, and has
// the children that are missing written, in as many turns as the slots require.
func (a *attempt) run(ctx context.Context) (err error) {
	a.job, err = protocol.DecodeJob(a.msg)
	ctx, span := a.worker.tracer.startProcess(ctx, a.job.Request, a.msg, a.start)
	defer func() { endSpan(span, err) }()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	model, err := a.worker.policy.Model(ctx)
	if err != nil {
		return fmt.Errorf("get model of the engine: %w", err)
	}
	if want := a.job.Request.Model; !want.Accepts(model) {
		return &otherModelError{want: want, have: model}
	}
	a.worker.add(a)
	defer a.worker.remove(a)

	a.claimed = true // even if the reply does not arrive: the client may wait for a final report
	missing, previous, err := a.reporter().claim(ctx)
	if err != nil {
		return err
	}
	linkPrevious(span, previous)
	for len(missing) > 0 {
		left, err := a.expand(ctx, missing)
		if err != nil {
			return err
		}
		if len(left) > 0 && (len(left) >= len(missing) || a.reserved.size() == 0) {
			return fmt.Errorf("the client misses children %v, which it took before", left)
		}
		missing = left
	}
	return nil
}

// expand has as many of the missing children written as slots are reserved, sends
// them, and returns which are missing then.
func (a *attempt) expand(ctx context.Context, missing []int) ([]int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := a.job.Request
	r.Ordinals = missing[:min(len(missing), a.reserved.size())]
	last := len(r.Ordinals) == len(missing)
	if last {
		a.reserved.shrink(len(r.Ordinals)) // else the slots are kept for the next turn
	}
	d := newDelivery(len(r.Ordinals), missing)
	go d.run(ctx, a.reporter(), stop)
	err := a.write(ctx, r, func(child policy.Child) {
		d.add(child)
		if last {
			a.reserved.shrink(a.reserved.size() - 1)
		}
	})
	d.end()
	a.undelivered = append(a.undelivered, d.undelivered...)
	a.unwanted = d.unwanted
	switch {
	case d.err != nil:
		return nil, d.err
	case len(d.missing) == 0:
		return nil, nil
	}
	return d.missing, err
}

// write has the Policy write r's children and gives each that finishes to deliver. It
// returns a panic of the Policy as an error.
func (a *attempt) write(ctx context.Context, r policy.Request, deliver func(policy.Child)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("policy panicked", "worker", a.start.Worker, "job", a.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("policy panicked: %v", p)
		}
	}()
	left := slices.Clone(r.Ordinals)
	for child, err := range a.worker.policy.Expand(ctx, r) {
		if err != nil {
			a.wasted = a.wasted.Add(child.Usage)
			return err
		}
		i := slices.Index(left, child.Ordinal)
		if i < 0 {
			return fmt.Errorf("policy yielded child %d, which was not asked for or came before", child.Ordinal)
		}
		left = slices.Delete(left, i, i+1)
		deliver(child)
	}
	if len(left) > 0 {
		return fmt.Errorf("policy ended without an error and without children %v", left)
	}
	return nil
}
