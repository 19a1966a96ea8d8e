package policyqueue

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A WorkerConfig describes one worker.
type WorkerConfig struct {
	Name  string        // in results and traces
	Slots int           // sequences that its Policy writes at the same time
	Index int           // of this worker among Of, from 0: it owns partitions Index, Index+Of …
	Of    int           // workers; 0 is 1. They may be more or fewer: others do what no owner takes
	Drain time.Duration // that jobs may still take when Run's ctx ends; 0 is 20s
}

// A Worker does jobs with a Policy of its own. Make it with [NewWorker].
type Worker struct {
	name    string
	nc      *nats.Conn
	policy  policy.Policy
	cfg     Config
	drain   time.Duration
	room    int // slots that a pull reserves
	slots   *slots
	sources *sources
	tracer  tracer
	woken   chan struct{} // holds one value when there may be a job to pull or slots for it

	mu       sync.Mutex
	attempts map[*attempt]struct{}
}

// NewWorker returns a worker of the queue that [Setup] makes. p must serve the
// model that cfg names. A pull reserves slots for a whole job of Cap children, so
// Slots of several times Cap keep most of them busy also where jobs are small;
// with fewer than Cap, larger jobs are done in turns.
func NewWorker(nc *nats.Conn, p policy.Policy, cfg Config, wc WorkerConfig) (*Worker, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	wc.Of = cmp.Or(wc.Of, 1)
	wc.Drain = cmp.Or(wc.Drain, 20*time.Second)
	switch {
	case wc.Name == "":
		return nil, reasoning.Invalid("worker.name", "must not be empty")
	case wc.Slots < 1:
		return nil, reasoning.Invalid("worker.slots", "must be at least 1, are %d", wc.Slots)
	case wc.Index < 0 || wc.Index >= wc.Of:
		return nil, reasoning.Invalid("worker.index", "must be 0 to %d, is %d", wc.Of-1, wc.Index)
	}
	w := &Worker{
		name:     wc.Name,
		nc:       nc,
		policy:   p,
		cfg:      cfg,
		drain:    wc.Drain,
		room:     min(cfg.Cap, wc.Slots),
		tracer:   newTracer(cfg),
		woken:    make(chan struct{}, 1),
		attempts: make(map[*attempt]struct{}),
	}
	w.sources = newSources(cfg.Partitions, wc.Index, wc.Of, w.wake)
	w.slots = newSlots(wc.Slots, w.wake)
	return w, nil
}

// Run does jobs until ctx ends: then it pulls no more, and returns when its attempts
// are done, or after the drain time, having given back the rest. Before that it
// returns only if the connection is closed for good, with an error.
func (w *Worker) Run(ctx context.Context) error {
	cancels, err := w.nc.Subscribe(protocol.CancelSubject("*"), w.cancel)
	if err != nil {
		return fmt.Errorf("worker %s: %w", w.name, err)
	}
	defer cancels.Unsubscribe() // fails only if the connection is closed
	var tick <-chan time.Time
	if w.cfg.Partitions > 1 {
		notifications, err := w.nc.Subscribe(protocol.NotificationFilter(w.cfg.Model.Name), func(m *nats.Msg) {
			if p, _, ok := protocol.ParseSubject(m.Subject); ok {
				w.sources.notify(p)
			}
		})
		if err != nil {
			return fmt.Errorf("worker %s: %w", w.name, err)
		}
		defer notifications.Unsubscribe()
		// Jobs that are delivered again are not notified, and a notification may get lost.
		ticker := time.NewTicker(w.cfg.AckWait / 2)
		defer ticker.Stop()
		tick = ticker.C
	}
	closed := w.nc.StatusChanged(nats.CLOSED)
	defer w.nc.RemoveStatusListener(closed)
	attempts, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var running sync.WaitGroup
	pulling, stopPulling := context.WithCancel(ctx)
	defer stopPulling()
	for ctx.Err() == nil && !w.nc.IsClosed() {
		w.pullAll(pulling, attempts, &running)
		select {
		case <-w.woken:
		case <-tick:
			w.sources.notifyAll()
		case <-closed:
		case <-ctx.Done():
		}
	}
	stopPulling()
	if w.nc.IsClosed() { // no result can be sent
		stop(nats.ErrConnectionClosed)
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	drained := time.NewTimer(w.drain)
	defer drained.Stop()
	select {
	case <-done:
	case <-drained.C:
		stop(errStopped)
		<-done
	}
	flush, cancel := context.WithTimeout(context.Background(), natsTimeout)
	defer cancel()
	if w.nc.FlushWithContext(flush); w.nc.IsClosed() { // the last acks
		return fmt.Errorf("worker %s: %w", w.name, nats.ErrConnectionClosed)
	}
	return nil
}

// wake makes Run look for jobs.
func (w *Worker) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// pullAll sends pulls while there are slots for what they return.
func (w *Worker) pullAll(ctx, attempts context.Context, running *sync.WaitGroup) {
	for {
		reserved, ok := w.slots.reserve(w.room)
		if !ok {
			return
		}
		s, ok := w.sources.next(w.slots.available() >= w.room)
		if !ok {
			w.slots.release(w.room)
			return
		}
		running.Go(func() {
			defer reserved.shrink(0)
			w.pull(ctx, attempts, s, reserved)
		})
	}
}

// pull pulls a job from s and makes an attempt at it.
func (w *Worker) pull(ctx, attempts context.Context, s source, reserved *reservation) {
	p := pull{Priority: s.priority}
	switch {
	case s.wait:
		p.Expires = w.pullTimeout()
	case s.priority == 0:
		p.Expires = pullGrace
	default: // the owner was notified before: if the job is not there, it has it
		p.NoWait = true
	}
	msg, err := p.send(ctx, w.nc, protocol.Consumer(w.cfg.Model.Name, s.partition))
	w.sources.ended(s, msg != nil)
	switch {
	case err != nil:
		if !w.nc.IsClosed() && ctx.Err() == nil {
			slog.Warn("policy worker cannot pull", "worker", w.name, "error", err)
		}
		pause(ctx, natsTimeout)
	case msg == nil:
	case ctx.Err() != nil:
		msg.Nak() // it came too late; if this is lost, too, AckWait does the same
	default:
		w.wake() // where one was, there may be more
		w.do(attempts, msg, reserved)
	}
}

// pullTimeout returns how long a pull waits. It keeps its slots from jobs of other
// partitions meanwhile, so it is short where there are any.
func (w *Worker) pullTimeout() time.Duration {
	if w.cfg.Partitions > 1 {
		return 500 * time.Millisecond
	}
	return w.cfg.AckWait
}

// cancel stops the attempts at jobs that are cancelled.
func (w *Worker) cancel(m *nats.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for a := range w.attempts {
		if m.Subject == protocol.CancelSubject(a.search) && (len(m.Data) == 0 || string(m.Data) == a.id) {
			a.cancel(errCancelled)
		}
	}
}

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
