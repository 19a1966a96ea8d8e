package policyqueue

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// lastWord is how long a caller who leaves waits for its workers to say what they
// have written. They answer within a token; one that is dead never does.
const lastWord = 500 * time.Millisecond

// patience is how long NATS may take to answer before it counts as down.
const patience = time.Second

// A Client is a policy.Policy that puts requests on the queue. A search is asked
// for by one client at a time: its owner. Make it with [NewClient].
//
// Beside what every Policy returns, Expand returns ErrUnavailable if NATS does not
// take a job within a second or lost it, ErrOverloaded if the queue is full, and
// policy.ErrPoison for a job that no attempt could do. Where no worker is, jobs
// wait: until ctx ends, or MaxAge.
type Client struct {
	cfg   Config
	nc    *nats.Conn
	js    jetstream.JetStream
	epoch string        // of this client: no other's jobs are taken for its own
	count atomic.Uint64 // of jobs published: nor its own of before

	stop func()

	mu       sync.Mutex
	searches map[string]*search
	stored   map[uint64]*job // by sequence in the stream

	keepDuplicates bool // only to show that tests would see them
}

var _ policy.Policy = (*Client)(nil)

// NewClient returns a client of the queue that [Setup] makes.
func NewClient(nc *nats.Conn, cfg Config) (*Client, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		return nil, fmt.Errorf("queue's client: %w", err)
	}
	c := &Client{
		cfg:      cfg,
		nc:       nc,
		js:       js,
		epoch:    nuid.Next(),
		searches: make(map[string]*search),
		stored:   make(map[uint64]*job),
	}
	if err := c.watch(); err != nil {
		return nil, fmt.Errorf("queue's client: %w", err)
	}
	return c, nil
}

// Close ends what the client listens to. It is for when no Expand runs any more.
func (c *Client) Close() { c.stop() }

// Model is the configured model.
func (c *Client) Model(ctx context.Context) (reasoning.Model, error) { return c.cfg.Model, ctx.Err() }

// Expand puts r on the queue.
func (c *Client) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := c.check(ctx, r); err != nil {
			yield(policy.Child{}, err)
			return
		}
		e := &expansion{left: len(r.Ordinals), news: make(chan struct{}, 1)}
		defer c.withdraw(e)
		fail := func(err error) { yield(policy.Child{Usage: c.callOff(e)}, err) }
		if err := c.send(ctx, e, r); err != nil {
			fail(err)
			return
		}
		tooOld := time.NewTimer(c.cfg.MaxAge) // the queue drops it then
		defer tooOld.Stop()
		for e.left > 0 {
			select {
			case <-e.news:
			case <-ctx.Done():
				fail(ctx.Err())
				return
			case <-tooOld.C:
				fail(fmt.Errorf("%w: jobs of node %q were not done within %v", reasoning.ErrUnavailable, r.Node, c.cfg.MaxAge))
				return
			}
			var failed error // told after the children that came with it
			for _, event := range e.take() {
				switch {
				case event.start != nil:
					if r.OnStart != nil {
						r.OnStart(*event.start)
					}
				case event.err != nil:
					failed = cmp.Or(failed, event.err)
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

func (c *Client) check(ctx context.Context, r policy.Request) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if r.Model.Name != "" && r.Model.Name != c.cfg.Model.Name { // the rest of it is for workers to know
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

// send publishes r's jobs, in order.
func (c *Client) send(ctx context.Context, e *expansion, r policy.Request) error {
	for _, part := range split(r, c.cfg.Cap) {
		j, err := c.open(e, part)
		if err != nil {
			return err
		}
		if err := c.publish(ctx, j, part); err != nil {
			return fmt.Errorf("publishing job %s: %w", j.name, err)
		}
	}
	return nil
}

func (c *Client) publish(ctx context.Context, j *job, r policy.Request) (err error) {
	msg, err := c.cfg.encode(ctx, r, j.name, j.epoch)
	if err != nil {
		return err
	}
	if int64(msg.Size()) > c.nc.MaxPayload() {
		return unavailable(nats.ErrMaxPayload)
	}
	ctx, span := startSend(ctx, r, msg)
	defer func() { endSpan(span, err) }()
	quick, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ack, err := c.js.PublishMsg(quick, msg)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return unavailable(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	j.sequence = ack.Sequence
	c.stored[j.sequence] = j
	return nil
}

// callOff stops what of e is not finished, and returns what was written of it.
func (c *Client) callOff(e *expansion) (vain reasoning.Usage) {
	c.stopWork(e)
	patient := time.NewTimer(lastWord)
	defer patient.Stop()
	for over := !c.nc.IsConnected(); ; {
		over = over || !c.working(e)
		for _, event := range e.take() {
			vain = vain.Add(event.child.Usage)
			if event.vain != nil {
				vain = vain.Add(*event.vain)
			}
		}
		if over {
			return vain
		}
		select {
		case <-e.news:
		case <-patient.C:
			over = true
		}
	}
}

// withdraw ends e.
func (c *Client) withdraw(e *expansion) {
	c.stopWork(e)
	c.close(e)
}

// stopWork takes back what of e is not finished, in the queue and in workers. It
// works without ctx, which may be why. A second time it does nothing.
func (c *Client) stopWork(e *expansion) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	open := c.off(e)
	if len(open) == 0 || !c.nc.IsConnected() {
		return
	}
	stream, err := c.js.Stream(ctx, streamName)
	for _, j := range open {
		if err == nil && j.sequence > 0 {
			stream.DeleteMsg(ctx, j.sequence) // a job that stays is told by its claim that nothing is missing
		}
		c.nc.Publish(cancels(j.search), []byte(j.id()))
	}
}

// Cancel drops all jobs of a search, in the queue and in workers, whichever client
// asked for them. Expands of this client that wait for them fail with
// context.Canceled.
func (c *Client) Cancel(ctx context.Context, search string) error {
	if !policy.ValidSearch(search) {
		return reasoning.Invalid("search_id", "must be 1 to 64 of A–Z a–z 0–9 _ -, is %.70q", search)
	}
	c.abandon(search)
	stream, err := c.js.Stream(ctx, streamName)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject("exp.*.*."+search+".*"))
	}
	if err == nil {
		err = c.nc.Publish(cancels(search), nil)
	}
	if err != nil {
		return fmt.Errorf("cancelling search %s: %w", search, unavailable(err))
	}
	return nil
}
