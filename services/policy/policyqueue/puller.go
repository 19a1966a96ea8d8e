package policyqueue

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A puller pulls jobs for a worker while the worker has free slots.
type puller struct {
	worker   string // for logs
	nc       *nats.Conn
	cfg      Config
	settings *settingsFollower
	sources  *sources
	slots    *slots
	wake     trigger                                        // there may be a job to pull, or slots for one
	open     func() bool                                    // reports whether the worker may pull
	missing  func()                                         // is called if a partition has no consumer
	process  func(context.Context, *nats.Msg, *reservation) // processes a job that was pulled

	running sync.WaitGroup // pulls, and the processing of their jobs
}

// run pulls until ctx ends or the connection is closed. The context of processing is
// attempts.
func (p *puller) run(ctx, attempts context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed := p.nc.StatusChanged(nats.CLOSED)
	defer p.nc.RemoveStatusListener(closed)
	poll := time.NewTicker(p.cfg.AckWait / 2) // redeliveries are not notified, and notifications may be lost
	defer poll.Stop()
	for ctx.Err() == nil && !p.nc.IsClosed() {
		p.pullAll(ctx, attempts)
		select {
		case <-p.wake:
		case <-poll.C:
			p.sources.checkAll()
		case <-closed:
		case <-ctx.Done():
		}
	}
}

// pullSlots returns the number of slots that a pull reserves: those of the largest job.
func (p *puller) pullSlots() int { return min(p.settings.settings().Cap, p.slots.total) }

// pullAll starts pulls while the worker may pull and has slots for the jobs that they return.
func (p *puller) pullAll(ctx, attempts context.Context) {
	for p.open() {
		n := p.pullSlots()
		reserved, ok := p.slots.reserve(n)
		if !ok {
			p.sources.yield()
			return
		}
		s, ok := p.sources.next(p.slots.available() >= n)
		if !ok {
			p.slots.release(n)
			return
		}
		p.running.Go(func() {
			defer reserved.shrink(0)
			p.pull(ctx, attempts, s, reserved)
		})
	}
}

// pull pulls a job from s and processes it.
func (p *puller) pull(ctx, attempts context.Context, s source, reserved *reservation) {
	request := pull{Priority: s.priority}
	pulling := ctx
	switch {
	case s.wait != nil:
		request.Expires = p.cfg.AckWait
		var cancel context.CancelFunc
		pulling, cancel = context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.wait.withdrawn, cancel)()
	case s.notified && s.priority == 0:
		request.Expires = pullGrace
	default:
		// A job that is not there has gone to another worker: it was stored some time ago, or its owner was notified
		// before this worker.
		request.NoWait = true
	}
	msg, err := request.send(pulling, p.nc, protocol.Consumer(p.cfg.Model.Name, s.number))
	p.sources.ended(s, msg != nil)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		p.missing()
		sleep(ctx, natsTimeout)
	case err != nil:
		if p.nc.IsConnected() && ctx.Err() == nil { // otherwise natsx has logged that the connection is lost
			slog.Warn("worker cannot pull: is JetStream overloaded?", "worker", p.worker,
				"nats", p.nc.ConnectedUrlRedacted(), "error", err)
		}
		sleep(ctx, natsTimeout)
	case msg == nil:
	case ctx.Err() != nil, !p.open(): // another worker gets the job, at the latest after AckWait
		giveBack(p.nc, msg, 0)
	default:
		p.wake.signal() // the partition may have more jobs
		p.process(attempts, msg, reserved)
	}
}
