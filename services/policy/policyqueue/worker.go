package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A WorkerConfig describes one worker.
type WorkerConfig struct {
	Name  string        // in results and traces
	Slots int           // sequences that its Policy writes at the same time
	Index int           // of this worker among Of, from 0: it owns partitions Index, Index+Of …
	Of    int           // workers; 0 is 1. They may be more or fewer: what no owner takes, others do
	Drain time.Duration // that jobs may still take when Run's ctx ends; 0 is 20s
}

// A Worker does jobs with a Policy of its own. Make it with [NewWorker].
type Worker struct {
	name    string
	nc      *nats.Conn
	policy  policy.Policy
	cfg     Config
	drain   time.Duration
	room    int // places that a pull takes
	slots   *slots
	sources *sources
	wake    chan struct{} // holds one when there may be something to pull or a place for it

	mu       sync.Mutex
	attempts map[*attempt]struct{}

	noHeartbeats, silent bool // only to show that tests would see it
}

// NewWorker returns a worker of the queue that [Setup] makes. p must serve the
// model that cfg names. A pull takes places for a whole job of Cap children, so
// Slots of several times Cap keep most of them busy also where jobs are small;
// with fewer than Cap, larger jobs are done in turns.
func NewWorker(nc *nats.Conn, p policy.Policy, cfg Config, wc WorkerConfig) (*Worker, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	fill(&wc.Of, 1)
	fill(&wc.Drain, 20*time.Second)
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
		wake:     make(chan struct{}, 1),
		attempts: make(map[*attempt]struct{}),
	}
	w.sources = newSources(cfg.Partitions, wc.Index, wc.Of, w.look)
	w.slots = &slots{total: wc.Slots, free: wc.Slots, changed: w.look}
	return w, nil
}

// errStopped ends attempts that are not done when a worker has drained.
var errStopped = errors.New("worker stops")

// Run does jobs until ctx ends: then it pulls no more, and returns when what runs
// is done, or after the drain time, having given back the rest. Before that it
// returns only if the connection is closed for good, with an error.
func (w *Worker) Run(ctx context.Context) error {
	cancelled, err := w.nc.Subscribe(cancels("*"), w.cancel)
	if err != nil {
		return fmt.Errorf("worker %s: %w", w.name, err)
	}
	defer cancelled.Unsubscribe() // fails only if the connection is closed
	var tick <-chan time.Time
	if w.cfg.Partitions > 1 {
		rings, err := w.nc.Subscribe(w.cfg.rings(), func(m *nats.Msg) {
			if p, ok := partitionIn(m.Subject); ok {
				w.sources.rang(p)
			}
		})
		if err != nil {
			return fmt.Errorf("worker %s: %w", w.name, err)
		}
		defer rings.Unsubscribe()
		// Redelivered jobs do not ring, and a ring may get lost.
		ticker := time.NewTicker(w.cfg.AckWait / 2)
		defer ticker.Stop()
		tick = ticker.C
	}
	closed := w.nc.StatusChanged(nats.CLOSED)
	defer w.nc.RemoveStatusListener(closed)
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var running sync.WaitGroup
	pulling, pullNoMore := context.WithCancel(ctx)
	defer pullNoMore()
	for ctx.Err() == nil && !w.nc.IsClosed() {
		w.pullAll(pulling, working, &running)
		select {
		case <-w.wake:
		case <-tick:
			w.sources.allRang()
		case <-closed:
		case <-ctx.Done():
		}
	}
	pullNoMore()
	if w.nc.IsClosed() { // what runs cannot tell anybody
		stop(nats.ErrConnectionClosed)
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	patient := time.NewTimer(w.drain)
	defer patient.Stop()
	select {
	case <-done:
	case <-patient.C:
		stop(errStopped)
		<-done
	}
	rest, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if w.nc.FlushWithContext(rest); w.nc.IsClosed() { // what was settled last
		return fmt.Errorf("worker %s: %w", w.name, nats.ErrConnectionClosed)
	}
	return nil
}

// look makes Run look for jobs.
func (w *Worker) look() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// pullAll sends pulls while there are places for what they bring.
func (w *Worker) pullAll(ctx, working context.Context, running *sync.WaitGroup) {
	for {
		held, ok := w.slots.take(w.room)
		if !ok {
			return
		}
		s, ok := w.sources.next(w.slots.available() >= w.room)
		if !ok {
			w.slots.put(w.room)
			return
		}
		running.Go(func() {
			defer held.shrink(0)
			w.pull(ctx, working, s, held)
		})
	}
}

// pull asks s for a job and does it.
func (w *Worker) pull(ctx, working context.Context, s source, held *hold) {
	p := pull{Priority: s.priority}
	switch {
	case s.wait:
		p.Expires = w.waitFor()
	case s.priority == 0:
		p.Expires = lingering
	default: // heard later than its owner: if the job is not there, somebody has it
		p.NoWait = true
	}
	msg, err := w.request(ctx, s.partition, p)
	w.sources.ended(s, msg != nil)
	switch {
	case err != nil:
		if !w.nc.IsClosed() && ctx.Err() == nil {
			slog.Warn("policy worker cannot pull", "worker", w.name, "error", err)
		}
		pause(ctx, patience)
	case msg == nil:
	case ctx.Err() != nil:
		msg.Nak() // it came too late; if this is lost, too, AckWait does the same
	default:
		w.look() // where one was, there may be more
		w.do(working, msg, held)
	}
}

// waitFor is how long a pull waits. It keeps its places from other partitions'
// jobs meanwhile, so it is short where there are any.
func (w *Worker) waitFor() time.Duration {
	if w.cfg.Partitions > 1 {
		return 500 * time.Millisecond
	}
	return w.cfg.AckWait
}

// cancel tells the attempts at what nobody wants any more.
func (w *Worker) cancel(m *nats.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for a := range w.attempts {
		if m.Subject == cancels(a.search) && (len(m.Data) == 0 || string(m.Data) == a.id) {
			a.stop(errCancelled)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
