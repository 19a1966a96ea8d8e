package policyqueue

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// finalReportTimeout bounds the wait for workers to report usage after a cancel. A
// live worker reports within one token.
const finalReportTimeout = 500 * time.Millisecond

// natsTimeout is how long NATS may take to answer before it counts as unavailable.
const natsTimeout = time.Second

// A Client is a policy.Policy that puts requests on the queue. Only one client at a
// time may expand the nodes of a search. Make it with [NewClient].
//
// Beside what every Policy returns, Expand returns ErrUnavailable if NATS does not
// take a job within a second or lost it, ErrOverloaded if the queue is full, and
// policy.ErrPoison for a job at which every attempt failed. Without a worker, jobs
// wait: until ctx ends, or MaxAge.
type Client struct {
	cfg      Config
	nc       *nats.Conn
	js       jetstream.JetStream
	settings *settingsFollower
	jobs     *registry
	tracer   tracer
	stop     func() // ends what runs in the background

	epoch     string        // random, so that no other client uses the same message ids
	published atomic.Uint64 // counts jobs, so that this client uses no message id twice
}

var _ policy.Policy = (*Client)(nil)

// NewClient returns a client of the queue that [Setup] makes.
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
	c := &Client{
		cfg:      cfg,
		nc:       nc,
		js:       js,
		settings: newSettingsFollower(js, nil),
		jobs:     newRegistry(nc, epoch),
		tracer:   newTracer(cfg),
		epoch:    epoch,
	}
	ctx, cancel := context.WithCancel(context.Background())
	audit, err := (&audit{c.jobs, js}).start(ctx)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("queue client: %w", err)
	}
	var background sync.WaitGroup
	background.Go(audit)
	background.Go(func() { c.settings.run(ctx) })
	c.stop = func() { cancel(); background.Wait() }
	return c, nil
}

// Close releases what the client holds. No Expand may run.
func (c *Client) Close() { c.stop() }

// Model returns the configured model.
func (c *Client) Model(ctx context.Context) (reasoning.Model, error) { return c.cfg.Model, ctx.Err() }

// Expand puts r on the queue and yields its children as workers finish them.
func (c *Client) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := c.check(ctx, r); err != nil {
			yield(policy.Child{}, err)
			return
		}
		e := newExpansion(len(r.Ordinals))
		defer c.end(e)
		fail := func(err error) { yield(policy.Child{Usage: c.cancelAndBill(e)}, err) }
		if err := c.publish(ctx, e, r); err != nil {
			fail(err)
			return
		}
		expired := time.NewTimer(c.cfg.MaxAge) // when the queue drops the jobs
		defer expired.Stop()
		for e.left > 0 {
			select {
			case <-e.ready:
			case <-ctx.Done():
				fail(ctx.Err())
				return
			case <-expired.C:
				fail(fmt.Errorf("%w: jobs of node %q were not done within %v", reasoning.ErrUnavailable, r.Node, c.cfg.MaxAge))
				return
			}
			var failed error // yielded after the children that came with it
			for _, event := range e.take() {
				switch {
				case event.start != nil:
					if r.OnStart != nil {
						r.OnStart(*event.start)
					}
				case event.err != nil:
					failed = cmp.Or(failed, event.err)
				case event.wasted != nil:
					e.wasted = e.wasted.Add(*event.wasted)
				default:
					e.left--
					if !yield(event.child, nil) {
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

// check returns the error of a request that cannot be put on the queue.
func (c *Client) check(ctx context.Context, r policy.Request) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if r.Model.Name != "" && r.Model.Name != c.cfg.Model.Name { // workers check the rest of it
		return fmt.Errorf("%w: want %q, the queue is for %q", policy.ErrModel, r.Model.Name, c.cfg.Model.Name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.nc.IsConnected() {
		return fmt.Errorf("%w: NATS is %s", reasoning.ErrUnavailable, c.nc.Status())
	}
	return nil
}

// publish publishes the jobs of r: in order, each of at most Cap children.
func (c *Client) publish(ctx context.Context, e *expansion, r policy.Request) error {
	for ordinals := range slices.Chunk(r.Ordinals, c.settings.settings().Cap) {
		r.Ordinals = ordinals
		epoch := c.epoch + "-" + strconv.FormatUint(c.published.Add(1), 10)
		j, err := c.jobs.add(e, r, epoch)
		if err == nil {
			err = c.publishJob(ctx, j, r)
		}
		if err != nil {
			return fmt.Errorf("publish job of node %q: %w", r.Node, err)
		}
	}
	return nil
}

func (c *Client) publishJob(ctx context.Context, j *job, r policy.Request) (err error) {
	message := protocol.Job{Name: j.name, Epoch: j.epoch, Request: r, Enqueued: time.Now()}
	message.Deadline, _ = ctx.Deadline()
	msg, err := message.Encode(c.cfg.Model.Name)
	if err != nil {
		return err
	}
	if int64(msg.Size()) > c.nc.MaxPayload() {
		return classify(ctx, nats.ErrMaxPayload)
	}
	ctx, span := c.tracer.startSend(ctx, r, msg)
	defer func() { endSpan(span, err) }()
	limited, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	ack, err := c.js.PublishMsg(limited, msg)
	if err != nil {
		return classify(ctx, err)
	}
	c.jobs.store(j, ack.Sequence)
	return nil
}

// cancelAndBill cancels e's jobs, waits for the final reports of their workers, and
// returns the usage of what was written and not yielded.
func (c *Client) cancelAndBill(e *expansion) reasoning.Usage {
	c.cancelJobs(e)
	timeout := time.NewTimer(finalReportTimeout)
	defer timeout.Stop()
	for over := !c.nc.IsConnected(); ; {
		over = over || !c.jobs.cancelling(e)
		for _, event := range e.take() {
			e.wasted = e.wasted.Add(event.child.Usage)
			if event.wasted != nil {
				e.wasted = e.wasted.Add(*event.wasted)
			}
		}
		if over {
			return e.wasted
		}
		select {
		case <-e.ready:
		case <-timeout.C:
			over = true
		}
	}
}

// end cancels e's jobs, unless that was done before, and forgets them.
func (c *Client) end(e *expansion) {
	c.cancelJobs(e)
	c.jobs.remove(e)
}

// cancelJobs removes from the queue what is not finished of e's jobs, and stops its
// workers. It does not take the context of Expand, which may have ended. A second call
// does nothing.
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
			stream.DeleteMsg(ctx, j.sequence) // if that fails, the reply to its next claim names no child
		}
		c.nc.Publish(protocol.CancelSubject(j.search), []byte(j.id()))
	}
}

// Cancel removes all jobs of a search from the queue and stops their workers,
// whichever client published them. Expands of this client that wait for them return
// context.Canceled.
func (c *Client) Cancel(ctx context.Context, search string) error {
	if !policy.ValidSearch(search) {
		return reasoning.Invalid("search_id", "must be 1 to 64 of A–Z a–z 0–9 _ -, is %.70q", search)
	}
	c.jobs.failSearch(search, fmt.Errorf("search %s: %w", search, context.Canceled))
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
