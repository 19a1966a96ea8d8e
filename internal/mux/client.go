package mux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/reasoning"
)

// maxAge is how long a stream takes new requests; then another is opened and the
// old one ends when its requests have. It is less than servers let connections
// live, and lets a balancer spread the streams of one client.
const maxAge = time.Minute

// A Stream is the client's half of a gRPC stream.
type Stream[Q, A any] interface {
	Send(Q) error
	Recv() (A, error)
	CloseSend() error
}

// A Client sends requests over one stream, opened by the first. It is safe for
// concurrent use.
type Client[Q, A Tagged] struct {
	open   func(context.Context) (Stream[Q, A], error)
	cancel func(id string) Q
	last   func(A) bool

	slots   chan struct{}
	ctx     context.Context // of all streams
	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	now    *link[Q, A] // takes new requests; nil if the next has to open one
	lastID uint64
}

// A link is one stream and its requests in flight, guarded by the Client's mu.
type link[Q, A Tagged] struct {
	out     *queue[Q]
	answers map[string]*queue[A]
	born    time.Time
	retired bool
}

// NewClient is a Client of the streams that open opens. The message that cancel
// makes cancels a request, and last tells a request's last answer.
func NewClient[Q, A Tagged](open func(context.Context) (Stream[Q, A], error), cancel func(id string) Q, last func(A) bool) *Client[Q, A] {
	c := &Client[Q, A]{open: open, cancel: cancel, last: last, slots: make(chan struct{}, MaxInFlight)}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// Do sends the request that message makes of an id, and yields its answers to the
// last. An error comes last: that of ctx, or of the stream. A caller who leaves
// before it cancels the request.
func (c *Client[Q, A]) Do(ctx context.Context, message func(id string) Q) iter.Seq2[A, error] {
	return func(yield func(A, error) bool) {
		var none A
		select {
		case c.slots <- struct{}{}:
			defer func() { <-c.slots }()
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			yield(none, err)
			return
		}
		l, id, answers, err := c.begin()
		if err != nil {
			yield(none, err)
			return
		}
		over := false
		defer func() {
			if !over {
				l.out.put(c.cancel(id))
			}
			c.finish(l, id)
		}()
		l.out.put(message(id))
		for !over {
			answer, err := answers.get(ctx)
			if err != nil {
				over = ctx.Err() == nil // the stream broke: nobody is left to cancel it
				yield(none, err)
				return
			}
			over = c.last(answer)
			if !yield(answer, nil) {
				return
			}
		}
	}
}

// Close breaks the stream and waits until it is gone.
func (c *Client[Q, A]) Close() error {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// begin registers a request on a stream that takes new ones.
func (c *Client[Q, A]) begin() (*link[Q, A], string, *queue[A], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil, "", nil, fmt.Errorf("%w: client is closed", reasoning.ErrUnavailable)
	}
	if c.now != nil && time.Since(c.now.born) >= maxAge {
		c.now.retired = true
		c.now.endIfIdle()
		c.now = nil
	}
	if c.now == nil {
		c.now = &link[Q, A]{out: newQueue[Q](), answers: make(map[string]*queue[A]), born: time.Now()}
		l := c.now
		c.running.Go(func() { c.run(l) })
	}
	c.lastID++
	id, answers := strconv.FormatUint(c.lastID, 36), newQueue[A]()
	c.now.answers[id] = answers
	return c.now, id, answers, nil
}

func (c *Client[Q, A]) finish(l *link[Q, A], id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(l.answers, id)
	l.endIfIdle()
}

// endIfIdle closes the sending side of a stream that nobody will use.
func (l *link[Q, A]) endIfIdle() {
	if l.retired && len(l.answers) == 0 {
		l.out.end(io.EOF)
	}
}

// run opens a stream and hands out its answers until it ends.
func (c *Client[Q, A]) run(l *link[Q, A]) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	s, err := c.open(ctx)
	if err == nil {
		c.running.Go(func() { write(ctx, s, l.out) })
	}
	for err == nil {
		var answer A
		if answer, err = s.Recv(); err == nil {
			c.deliver(l, answer)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == l {
		c.now = nil
	}
	for _, answers := range l.answers {
		answers.end(broken(err))
	}
}

// write sends what is put out; what becomes of it, Recv says.
func write[Q, A any](ctx context.Context, s Stream[Q, A], out *queue[Q]) {
	for {
		message, err := out.get(ctx)
		if err == nil {
			err = s.Send(message)
		}
		if err != nil {
			s.CloseSend()
			return
		}
	}
}

// deliver an answer. Nobody waits for that of a request which its caller left.
func (c *Client[Q, A]) deliver(l *link[Q, A], answer A) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answers := l.answers[answer.GetRequestId()]; answers != nil {
		answers.put(answer)
	}
}

// broken is what requests in flight hear when their stream ended by err: that of a
// server which will never take them stays, any other is worth a retry.
func broken(err error) error {
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.InvalidArgument:
		return err
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: server ended the stream", reasoning.ErrUnavailable)
	}
	return fmt.Errorf("%w: stream broke: %s", reasoning.ErrUnavailable, status.Convert(err).Message())
}
