package policyqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A WorkerConfig describes one worker.
type WorkerConfig struct {
	Name  string        // in results and traces
	Slots int           // sequences that its Policy writes at the same time
	Drain time.Duration // that jobs may still take when Run's ctx ends; 0 is 20s

	// Ready returns nil if the Policy is ready. While it is not, the worker owns no
	// partition, and does only jobs that no other worker takes. Nil: it always is.
	Ready func(context.Context) error
}

// A Worker does jobs with a Policy of its own. Make it with [NewWorker].
type Worker struct {
	name       string
	nc         *nats.Conn
	policy     policy.Policy
	cfg        Config
	drain      time.Duration
	monitor    *Monitor
	settings   *settingsFollower
	roster     *Roster
	announcer  *announcer
	assignment *assignment
	sources    *sources
	slots      *slots
	tracer     tracer
	woken      chan struct{} // holds one value when there may be a job to pull or slots for it
	lookAgain  chan struct{} // holds one value when the partitions may have changed
	waits      bool          // for the queue to be made; used by lookForPartitions alone

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
	wc.Drain = cmp.Or(wc.Drain, 20*time.Second)
	switch {
	case wc.Name == "":
		return nil, reasoning.Invalid("worker.name", "must not be empty")
	case wc.Slots < 1:
		return nil, reasoning.Invalid("worker.slots", "must be at least 1, are %d", wc.Slots)
	}
	monitor, err := NewMonitor(nc, cfg)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		name:      wc.Name,
		nc:        nc,
		policy:    p,
		cfg:       cfg,
		drain:     wc.Drain,
		monitor:   monitor,
		tracer:    newTracer(cfg),
		woken:     make(chan struct{}, 1),
		lookAgain: make(chan struct{}, 1),
		attempts:  make(map[*attempt]struct{}),
	}
	w.slots = newSlots(wc.Slots, w.wake)
	w.sources = newSources(w.wake)
	w.settings = newSettingsFollower(monitor.js, func() { signal(w.lookAgain) })
	w.roster = newRoster(monitor.js, cfg.Model.Name, func() { w.assignment.update() })
	w.announcer = newAnnouncer(monitor.js, wc, cfg.Model, func() { w.assignment.update() })
	w.assignment = &assignment{
		key: w.announcer.key, self: w.announcer.now, roster: w.roster, assigned: w.sources.assign,
	}
	return w, nil
}

// Run does jobs until ctx ends. Then it pulls no more, and returns when its attempts are
// done, or after the drain time, when it has put back the other jobs. Before that it
// returns only if the connection is closed for good, with an error.
func (w *Worker) Run(ctx context.Context) error {
	unsubscribe, err := w.subscribe()
	if err != nil {
		return fmt.Errorf("worker %s: %w", w.name, err)
	}
	defer unsubscribe()
	stopBackground := w.startBackground(context.WithoutCancel(ctx))
	defer stopBackground()
	// Jobs that are delivered again are not notified, and a notification may get lost.
	tick := time.NewTicker(w.cfg.AckWait / 2)
	defer tick.Stop()
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
		case <-tick.C:
			w.sources.checkAll()
		case <-closed:
		case <-ctx.Done():
		}
	}
	w.announcer.drain()
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
	stopBackground()
	flush, cancel := context.WithTimeout(context.Background(), natsTimeout)
	defer cancel()
	if w.nc.FlushWithContext(flush); w.nc.IsClosed() { // the last acks
		return fmt.Errorf("worker %s: %w", w.name, nats.ErrConnectionClosed)
	}
	return nil
}

// subscribe subscribes to what is sent to all workers, until unsubscribe is called.
func (w *Worker) subscribe() (unsubscribe func(), err error) {
	cancels, err := w.nc.Subscribe(protocol.CancelSubject("*"), w.cancel)
	if err != nil {
		return nil, err
	}
	notifications, err := w.nc.Subscribe(protocol.NotificationFilter(w.cfg.Model.Name), func(m *nats.Msg) {
		if p, _, ok := protocol.ParseSubject(m.Subject); ok {
			w.sources.notify(p)
		}
	})
	if err != nil {
		cancels.Unsubscribe()
		return nil, err
	}
	return func() { // these fail only if the connection is closed
		cancels.Unsubscribe()
		notifications.Unsubscribe()
	}, nil
}

// startBackground starts what the worker does beside jobs. The function that it returns
// ends that, and may be called twice.
func (w *Worker) startBackground(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { w.settings.run(ctx) })
	background.Go(func() { w.roster.Run(ctx) }) // fails only if the connection is closed
	background.Go(func() { w.announcer.run(ctx) })
	background.Go(func() { repeat(ctx, w.nc, w.lookAgain, 0, w.lookForPartitions) })
	return func() {
		cancel()
		background.Wait()
		w.sources.close()
	}
}

// lookForPartitions finds out in which partitions the model has consumers. It returns an
// error if there may soon be others.
func (w *Worker) lookForPartitions(ctx context.Context) error {
	numbers, total, err := w.monitor.partitions(ctx)
	switch {
	case err != nil && !errors.Is(err, jetstream.ErrStreamNotFound):
		return err
	case err == nil && (len(numbers) != total || total != w.settings.settings().Partitions):
		err = errIncomplete
	}
	if waits := len(numbers) == 0; waits != w.waits {
		w.waits = waits
		if waits {
			slog.Info("policy worker waits until a planner makes the queue", "worker", w.name, "model", w.cfg.Model.Name)
		} else {
			slog.Info("policy worker has the queue", "worker", w.name, "model", w.cfg.Model.Name)
		}
	}
	w.assignment.setPartitions(numbers)
	return err
}

// errIncomplete is the error of a queue that has other partitions than its settings.
var errIncomplete = errors.New("queue is not as its settings are")

// room returns how many slots a pull reserves: those of the largest job.
func (w *Worker) room() int { return min(w.settings.settings().Cap, w.slots.total) }

// wake makes Run look for jobs.
func (w *Worker) wake() { signal(w.woken) }

// pullAll sends pulls while there are slots for what they return.
func (w *Worker) pullAll(ctx, attempts context.Context, running *sync.WaitGroup) {
	for {
		room := w.room()
		reserved, ok := w.slots.reserve(room)
		if !ok {
			w.sources.yield()
			return
		}
		s, ok := w.sources.next(w.slots.available() >= room)
		if !ok {
			w.slots.release(room)
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
	pulling := ctx
	switch {
	case s.wait != nil:
		p.Expires = w.cfg.AckWait
		var cancel context.CancelFunc
		pulling, cancel = context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.wait.withdrawn, cancel)()
	case s.notified && s.priority == 0:
		p.Expires = pullGrace
	default: // a job that is not there now was stored long ago, or the owner has it
		p.NoWait = true
	}
	msg, err := p.send(pulling, w.nc, protocol.Consumer(w.cfg.Model.Name, s.number))
	w.sources.ended(s, msg != nil)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		signal(w.lookAgain)
		pause(ctx, natsTimeout)
	case err != nil:
		if w.nc.IsConnected() && ctx.Err() == nil { // a lost connection is logged once, by natsx
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
