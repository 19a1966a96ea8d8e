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

// Cancellation causes of an attempt's context.
var (
	errCancelled = fmt.Errorf("job: the client has cancelled it: %w", context.Canceled)
	errDeadline  = fmt.Errorf("job: %w", context.DeadlineExceeded)
	errStopped   = errors.New("the worker is stopping, and its drain time has passed")
)

// An attempt processes one delivery of a job to a worker.
type attempt struct {
	// Constant.
	worker    *Worker
	msg       *nats.Msg
	id        string // message id of the job
	partition int
	search    string
	start     policy.Start
	round     int // of the worker's health
	reserved  *reservation
	spending  *spending
	cancel    context.CancelCauseFunc // stops the attempt; may be called in any goroutine

	// Used by the goroutine of process alone.
	job         protocol.Job
	claimed     bool            // the claim was sent
	unwanted    bool            // the client wants no more children
	undelivered []policy.Child  // finished children that the client may not have
	wasted      reasoning.Waste // by unfinished children
}

// process runs the job in msg, and acknowledges the message.
func (w *Worker) process(ctx context.Context, msg *nats.Msg, reserved *reservation) {
	meta, err := msg.Metadata()
	if err != nil {
		slog.Error("message is not from JetStream: does another program publish on the worker's inbox?",
			"worker", w.name, "subject", msg.Subject, "error", err)
		return
	}
	a := &attempt{
		worker: w, msg: msg, id: msg.Header.Get(nats.MsgIdHdr), round: w.health.begin(), reserved: reserved,
		spending: newSpending(),
	}
	a.partition, a.search, _ = protocol.ParseSubject(msg.Subject)
	enqueued := protocol.Enqueued(msg.Header, meta.Timestamp)
	a.start = policy.Start{
		Worker:    w.name,
		Attempt:   int(meta.NumDelivered),
		QueueWait: max(0, time.Since(enqueued)), // the clocks of client and worker may differ
	}
	deadline := protocol.Deadline(msg.Header, enqueued.Add(w.cfg.MaxAge))
	ctx, release := context.WithDeadlineCause(ctx, deadline, errDeadline)
	defer release()
	ctx, a.cancel = context.WithCancelCause(ctx)
	defer a.cancel(nil)
	w.attempts.add(a)
	defer w.attempts.remove(a)

	heartbeats := make(chan struct{})
	go func() { a.sendHeartbeats(ctx); close(heartbeats) }()
	err = a.run(ctx)
	switch {
	case err == nil:
		w.health.succeeded(a.round)
	case ctx.Err() == nil && reasoning.Transient(err):
		w.health.failed(a.round, err)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // more precise than the Policy's error, which is due to the end of ctx
	}
	a.waste(ctx, reasoning.Cost{Usage: a.spending.stop(reasoning.Usage{})}, err) // what no error of the Policy has reported
	a.cancel(nil)
	<-heartbeats // a heartbeat after the acknowledgement would be an error
	if reason, failed := a.next(err); reason != nil && a.job.Name != "" || a.claimed && (a.unwanted || err != nil) {
		a.reporter().stopped(a.undelivered, protocol.Stopped{Wasted: a.wasted, Err: reason, Failed: failed})
	}
	a.acknowledge(err)
}

func (a *attempt) reporter() reporter {
	return reporter{
		nc: a.worker.nc, search: a.search, job: a.job.Name, epoch: a.job.Epoch, start: a.start, spent: a.spending.total,
	}
}

// run decodes the job, checks that the Policy serves its model, claims the job, and
// generates the missing children, in several rounds if there are fewer slots.
func (a *attempt) run(ctx context.Context) (err error) {
	a.job, err = protocol.DecodeJob(a.msg)
	ctx, span := a.worker.tracer.startProcess(ctx, a)
	defer func() { endSpan(span, err) }()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	model, err := a.worker.policy.Model(ctx)
	if err != nil {
		return fmt.Errorf("get model of the policy: %w", err)
	}
	if want := a.job.Request.Model; !want.Accepts(model.Model) {
		return &otherModelError{want: want, have: model.Model}
	}
	a.claimed = true // even if no reply arrives: the client may have the claim, and wait for a final report
	missing, previous, err := a.reporter().claim(ctx)
	if err != nil {
		return err
	}
	linkPrevious(span, previous)
	defer a.startHeartbeats()()
	for len(missing) > 0 {
		left, err := a.expand(ctx, missing)
		if err != nil {
			return err
		}
		if len(left) > 0 && (len(left) >= len(missing) || a.reserved.size() == 0) {
			return fmt.Errorf("the client still misses children %v after their delivery: "+
				"are client and worker of the same release?", left)
		}
		missing = left
	}
	return nil
}

// expand generates as many of the missing children as slots are reserved, delivers them,
// and returns the ordinals that are missing afterwards.
func (a *attempt) expand(ctx context.Context, missing []int) ([]int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := a.job.Request
	r.Ordinals = missing[:min(len(missing), a.reserved.size())]
	last := len(r.Ordinals) == len(missing)
	if last { // otherwise the next round needs the slots
		a.reserved.shrink(len(r.Ordinals))
	}
	d := newDelivery(len(r.Ordinals), missing)
	go d.run(ctx, a.reporter(), stop)
	err := a.generate(ctx, r, func(child policy.Child) {
		d.add(child)
		if last {
			a.reserved.shrink(a.reserved.size() - 1)
		}
	})
	d.wait()
	a.undelivered = append(a.undelivered, d.undelivered...)
	a.wasted = a.wasted.Add(d.wasted)
	a.unwanted = d.unwanted
	switch {
	case d.err != nil:
		return nil, d.err
	case len(d.missing) == 0:
		return nil, nil
	}
	return d.missing, err
}

// generate expands r with the Policy, and calls deliver for each finished child. It returns
// a panic of the Policy as an error.
func (a *attempt) generate(ctx context.Context, r policy.Request, deliver func(policy.Child)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("policy panicked", "worker", a.start.Worker, "job", a.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("policy panicked, see the log of worker %s: %v", a.start.Worker, p)
		}
	}()
	left := slices.Clone(r.Ordinals)
	r.OnProgress = a.spending.progress
	for child, err := range a.worker.policy.Expand(ctx, r) {
		if err != nil {
			cost := child.Cost()
			cost.Usage = a.spending.stop(cost.Usage)
			a.waste(ctx, cost, err)
			return err
		}
		i := slices.Index(left, child.Ordinal)
		if i < 0 {
			return fmt.Errorf("policy yielded child %d twice or without a request: run policytest on it", child.Ordinal)
		}
		left = slices.Delete(left, i, i+1)
		a.spending.finish(child)
		deliver(child)
	}
	if len(left) > 0 {
		return fmt.Errorf("policy ended without an error and without children %v: run policytest on it", left)
	}
	return nil
}

// waste adds what an expansion that ended with err has wasted. An expansion that ended with ctx is cancelled, unless the
// worker stops: then the attempt has failed, and another follows.
func (a *attempt) waste(ctx context.Context, c reasoning.Cost, err error) {
	if cause := context.Cause(ctx); errors.Is(cause, errStopped) {
		err = cause
	}
	a.wasted = a.wasted.Add(c.EndedBy(err).Waste)
}
