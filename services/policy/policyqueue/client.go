package policyqueue

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

const (
	// natsTimeout is the time within which NATS must respond to a request.
	natsTimeout = time.Second
	// finalReportTimeout is how long a client waits for final reports after it has
	// cancelled jobs. A worker sends one within the time of a decoding step.
	finalReportTimeout = 500 * time.Millisecond
)

// A Client is a policy.Policy that publishes requests as jobs. Only one client at a time
// may expand nodes of a given search. Make it with [NewClient].
//
// In addition to the errors of every Policy, Expand returns ErrUnavailable if NATS does not
// store a job within a second or has lost it, ErrOverloaded if the queue is full, and
// policy.ErrPoison if Config.MaxAttempts attempts at a job have failed in a row, without a child in
// between. An attempt fails if an engine has begun it; one that an engine refused, because it is not
// ready or throttles, is repeated. While the model has no worker whose engine is ready, jobs wait, at
// most until ctx ends or for MaxAge.
type Client struct {
	cfg       Config
	nc        *nats.Conn
	js        jetstream.JetStream
	jobs      *registry
	publisher *publisher
	meter     meter
	stop      func() // stops the background goroutines
}

var (
	_ policy.Policy  = (*Client)(nil)
	_ policy.Settler = (*Client)(nil)
)

// NewClient returns a client of the queue that [Setup] creates.
func NewClient(nc *nats.Conn, cfg Config) (*Client, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(natsTimeout))
	if err != nil {
		return nil, fmt.Errorf("queue client: %w", err)
	}
	epoch := nuid.Next()
	settings := newSettingsFollower(js, nil)
	meter := newMeter(cfg)
	jobs := newRegistry(nc, meter, epoch, cfg.MaxAttempts)
	c := &Client{
		cfg:  cfg,
		nc:   nc,
		js:   js,
		jobs: jobs, meter: meter,
		publisher: &publisher{
			model: cfg.Model.Name, maxAttempts: cfg.MaxAttempts, js: js, settings: settings, jobs: jobs,
			tracer: newTracer(cfg), epoch: epoch,
		},
	}
	audit := &audit{jobs: jobs, js: js}
	if err := audit.subscribe(); err != nil {
		return nil, fmt.Errorf("queue client: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { audit.run(ctx) })
	background.Go(func() { settings.run(ctx) })
	unobserve := cfg.Telemetry.ObserveJobs(cfg.Model.Name, jobs.counts)
	c.stop = func() { unobserve(); cancel(); background.Wait() }
	return c, nil
}

// Close stops the client's goroutines. The caller ends all calls of Expand before.
func (c *Client) Close() { c.stop() }

// Model returns the configured model, without capabilities: see [Roster.Describe].
func (c *Client) Model(ctx context.Context) (policy.Model, error) {
	return policy.Model{Model: c.cfg.Model}, ctx.Err()
}

// Expand publishes r as jobs, and yields children as workers finish them. The cost of a
// child includes what attempts that were stopped or failed have wasted by then.
func (c *Client) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := c.check(ctx, r); err != nil {
			yield(policy.Child{}, err)
			return
		}
		e := newExpansion(len(r.Ordinals))
		defer c.end(e, r)
		fail := func(err error) { yield(policy.Child{}.WithCost(c.cancelAndCollect(e)), err) }
		if err := c.publisher.publish(ctx, e, r); err != nil {
			fail(err)
			return
		}
		expired := time.NewTimer(c.cfg.MaxAge)
		defer expired.Stop()
		for e.left > 0 {
			select {
			case <-e.ready:
			case <-ctx.Done():
				fail(e.ended(ctx.Err()))
				return
			case <-expired.C:
				fail(fmt.Errorf("%w: jobs of node %q were not done within %v: start more workers, or raise MaxAge",
					reasoning.ErrUnavailable, r.Node, c.cfg.MaxAge))
				return
			}
			var failed error // yielded after all children that have come
			for _, u := range e.take() {
				switch {
				case u.start != nil:
					c.meter.started(ctx, r, *u.start, u.first)
					if r.OnStart != nil {
						r.OnStart(*u.start)
					}
				case u.err != nil:
					failed = cmp.Or(failed, u.err)
				case u.waiting != nil:
					e.waits = u.waiting
					if r.OnWait != nil {
						r.OnWait(u.waiting)
					}
				case u.wasted != nil:
					e.wasted = e.wasted.Add(*u.wasted)
				default:
					e.left--
					e.waits = nil
					child := u.child.WithCost(u.child.Cost().Add(e.wasted))
					if e.wasted = (reasoning.Cost{}); !yield(child, nil) {
						r.Wasted(c.cancelAndCollect(e))
						return
					}
				}
			}
			if failed != nil {
				fail(failed)
				return
			}
		}
	}
}

// check returns the error of a request that cannot be published. Workers compare the
// other fields of the model, which may differ from worker to worker.
func (c *Client) check(ctx context.Context, r policy.Request) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if r.Model.Name != "" && r.Model.Name != c.cfg.Model.Name {
		return fmt.Errorf("%w: the request is for %q, the queue's model is %q",
			policy.ErrModel, r.Model.Name, c.cfg.Model.Name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.nc.IsConnected() {
		return fmt.Errorf("%w: NATS at %v is %s: is the server up?", reasoning.ErrUnavailable, c.nc.Servers(), c.nc.Status())
	}
	return nil
}

// cancelAndCollect cancels e's jobs, waits for final reports, and returns the cost of what was
// generated and is not in a child that was yielded. Children that arrive meanwhile are cancelled.
func (c *Client) cancelAndCollect(e *expansion) reasoning.Cost {
	c.cancelJobs(e)
	timeout := time.NewTimer(finalReportTimeout)
	defer timeout.Stop()
	for done := !c.nc.IsConnected(); ; {
		done = done || !c.jobs.cancelling(e)
		if done {
			c.jobs.lose(e)
		}
		e.wasted = e.rest()
		if done {
			wasted := e.wasted
			e.wasted = reasoning.Cost{}
			return wasted
		}
		select {
		case <-e.ready:
		case <-timeout.C:
			done = true
		}
	}
}

// end cancels e's jobs and removes them from the registry, and bills what is in no child and no
// error.
func (c *Client) end(e *expansion, r policy.Request) {
	c.cancelJobs(e)
	c.jobs.remove(e)
	r.Wasted(e.rest())
}

// Settle implements policy.Settler. It waits for attempts that have been stopped and are about to
// report, at most half a second.
func (c *Client) Settle(ctx context.Context, search string) (unknown reasoning.Usage) {
	ctx, cancel := context.WithTimeout(ctx, finalReportTimeout)
	defer cancel()
	for c.nc.IsConnected() && ctx.Err() == nil {
		reports := c.jobs.awaited(search)
		if reports == nil {
			break
		}
		select {
		case <-reports:
		case <-ctx.Done():
		}
	}
	tokens := c.jobs.settle(search)
	return reasoning.Usage{Generated: tokens, FLOPs: c.cfg.Model.FLOPs(tokens)}
}

// cancelJobs deletes the messages of e's unfinished jobs and stops the attempts at them.
// It does not use the context of Expand, which may have ended. A second call does nothing.
func (c *Client) cancelJobs(e *expansion) {
	remove := c.jobs.cancel(e)
	if len(remove) == 0 || !c.nc.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), natsTimeout)
	defer cancel()
	stream, err := c.js.Stream(ctx, protocol.Stream)
	for _, j := range remove {
		if err == nil && j.sequence > 0 {
			stream.DeleteMsg(ctx, j.sequence) // if that fails, a later claim gets a reply without children
		}
		c.nc.Publish(protocol.CancelSubject(j.search), []byte(j.id()))
	}
}

// Cancel deletes all jobs of a search, of any client, and stops the attempts at them.
// Calls of Expand for the search, of any client, return context.Canceled.
func (c *Client) Cancel(ctx context.Context, search string) error {
	if !policy.ValidSearch(search) {
		return reasoning.Invalid("search_id", "must have 1 to 64 characters out of A-Z a-z 0-9 _ -, is %.70q", search)
	}
	c.jobs.failSearch(search, errSearchCancelled(search))
	stream, err := c.js.Stream(ctx, protocol.Stream)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(protocol.SearchFilter(search)))
	}
	if err == nil {
		err = c.nc.Publish(protocol.CancelSubject(search), nil)
	}
	if err != nil {
		return fmt.Errorf("cancel search %s: %w", search, classify(ctx, err))
	}
	return nil
}
