package policyqueue

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A WorkerConfig configures a worker.
type WorkerConfig struct {
	Name  string        // in results and traces; workers should have different names
	Slots int           // number of sequences that the Policy generates concurrently, at least 1
	Drain time.Duration // how long running jobs may go on after Run's ctx has ended; 0 is 20s

	// Ready probes the Policy, and returns nil if it is ready. While it is not, the worker owns no
	// partition and pulls no jobs; it returns those that it has not begun. If the error is
	// reasoning.Permanent and no other worker is ready, the worker pulls, so that jobs fail with
	// the error and do not wait. Nil: only failures of jobs tell whether the Policy is ready.
	Ready func(context.Context) error
}

// A Worker pulls jobs and runs them on its Policy. Make it with [NewWorker].
type Worker struct {
	name       string
	nc         *nats.Conn
	policy     policy.Policy
	cfg        Config
	drain      time.Duration
	settings   *settingsFollower
	roster     *Roster
	announcer  *announcer
	assignment *assignment
	sources    *sources
	slots      *slots
	health     *health
	repeats    *repeats
	wake       trigger // there may be a job to pull, or slots for one
	puller     *puller
	attempts   *attempts
	tracer     tracer
}

// NewWorker returns a worker of the queue that [Setup] creates. p serves the model of cfg.
//
// A pull reserves slots for the largest job, which has protocol.Settings.Cap children, or all
// slots if there are fewer: such a job is then generated in several rounds. With Slots of
// several times Cap, most slots are busy even if jobs are small.
//
// NewWorker returns a *reasoning.InvalidError for a wrong Config or WorkerConfig.
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
		return nil, reasoning.Invalid("worker.slots", "must be at least 1, is %d", wc.Slots)
	}
	monitor, err := NewMonitor(nc, cfg)
	if err != nil {
		return nil, err
	}
	wake, stale := newTrigger(), newTrigger() // stale: partitions may have changed
	w := &Worker{
		name:     wc.Name,
		nc:       nc,
		policy:   p,
		cfg:      cfg,
		drain:    wc.Drain,
		settings: newSettingsFollower(monitor.js, stale.signal),
		sources:  newSources(wake.signal),
		slots:    newSlots(wc.Slots, wake.signal),
		wake:     wake,
		attempts: newAttempts(),
		repeats:  newRepeats(wc.Name),
		tracer:   newTracer(cfg),
	}
	w.health = newHealth(w.repeats, wc.Ready, w.healthChanged)
	w.roster = newRoster(monitor.js, cfg.Model.Name, w.workersChanged)
	w.announcer = newAnnouncer(monitor.js, p, wc, cfg.Model, w.health.state, w.workersChanged)
	w.assignment = &assignment{
		key: w.announcer.key, self: w.announcer.current, monitor: monitor, settings: w.settings, roster: w.roster,
		assigned: w.sources.assign, stale: stale,
	}
	w.puller = &puller{
		worker: wc.Name, nc: nc, cfg: cfg, settings: w.settings, sources: w.sources, slots: w.slots,
		wake: wake, open: w.pulls, missing: stale.signal, process: w.process,
	}
	return w, nil
}

// pulls reports whether the worker may pull jobs.
func (w *Worker) pulls() bool {
	return w.health.pulls() || w.health.broken() && !w.roster.Available()
}

// healthChanged makes the worker begin to pull, or withdraw its pulls, and announces its state.
func (w *Worker) healthChanged() {
	w.announcer.update()
	w.follow()
	if w.pulls() {
		w.sources.checkAll()
	}
}

// workersChanged assigns the partitions to the workers that are live and ready now.
func (w *Worker) workersChanged() {
	w.assignment.update()
	w.follow()
}

// follow makes the worker pull if it may, and otherwise withdraws the pulls that wait.
func (w *Worker) follow() {
	if !w.pulls() {
		w.sources.withdraw()
	}
	w.wake.signal()
}

// Run pulls and processes jobs until ctx ends. Then it pulls no more, gives running jobs the
// drain time, returns those that are not finished by then to the queue, and returns nil. It
// returns an error if the connection is or becomes closed. It may be called once.
func (w *Worker) Run(ctx context.Context) error {
	unsubscribe, err := w.subscribe()
	if err != nil {
		return fmt.Errorf("worker %s: %w", w.name, err)
	}
	defer unsubscribe()
	defer w.cfg.Telemetry.ObserveSlots(w.cfg.Model.Name, w.name, w.countSlots)()
	stopBackground := w.startBackground(context.WithoutCancel(ctx))
	defer stopBackground()
	attempts, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	w.puller.run(ctx, attempts)
	w.announcer.drain()
	if w.nc.IsClosed() { // attempts cannot send results
		stop(nats.ErrConnectionClosed)
	}
	w.drainAttempts(stop)
	w.repeats.close()
	stopBackground()
	flush, cancel := context.WithTimeout(context.Background(), natsTimeout)
	defer cancel()
	if w.nc.FlushWithContext(flush); w.nc.IsClosed() { // the flush sends the last acks
		return fmt.Errorf("worker %s: %w: see the errors of NATS in the log", w.name, nats.ErrConnectionClosed)
	}
	return nil
}

// countSlots returns how many slots are free, and how many running attempts use. A pull reserves slots, too, while it
// waits for a job: those are free.
func (w *Worker) countSlots() (free, busy int) {
	busy = w.attempts.slots()
	return w.slots.total - busy, busy
}

// subscribe subscribes to cancellations and notifications.
func (w *Worker) subscribe() (unsubscribe func(), err error) {
	cancels, err := w.nc.Subscribe(protocol.CancelSubject("*"), w.attempts.handleCancel)
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

// startBackground starts the goroutines that do not process jobs. stop ends them, and may
// be called twice.
func (w *Worker) startBackground(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { w.settings.run(ctx) })
	background.Go(func() { w.roster.Run(ctx) }) // fails only if the connection is closed
	background.Go(func() { w.health.run(ctx) })
	background.Go(func() { w.announcer.run(ctx) })
	background.Go(func() { w.assignment.run(ctx) })
	return func() {
		cancel()
		background.Wait()
		w.sources.withdraw()
	}
}

// drainAttempts waits until all attempts have ended. It stops them after the drain time.
func (w *Worker) drainAttempts(stop context.CancelCauseFunc) {
	drained := time.AfterFunc(w.drain, func() { stop(errStopped) })
	defer drained.Stop()
	w.puller.running.Wait()
}
