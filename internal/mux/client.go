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

// maxAge is how long a stream accepts new requests. Then the client opens another, and
// the old one ends with its last request. It is shorter than the connection age of
// servers, and lets a balancer spread the streams of one client.
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
	ctx     context.Context // of all streams; ended by Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	current *link[Q, A] // accepts new requests; nil if the next request must open a stream
	lastID  uint64
}

// A link is one stream and its requests in flight, guarded by Client.mu.
type link[Q, A Tagged] struct {
	out     *queue[Q]
	answers map[string]*queue[A]
	opened  time.Time
	retired bool // accepts no new requests
}

// NewClient returns a Client of the streams that open opens. cancel returns the message
// that cancels a request, and last reports whether an answer is the last of its request.
func NewClient[Q, A Tagged](
	open func(context.Context) (Stream[Q, A], error), cancel func(id string) Q, last func(A) bool,
) *Client[Q, A] {
	c := &Client[Q, A]{open: open, cancel: cancel, last: last, slots: make(chan struct{}, MaxInFlight)}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// Do sends the request that message returns for an id, and yields its answers up to the
// last. An error is yielded last: that of ctx, or of the stream. A caller that stops
// before the last answer cancels the request.
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
		ended := false
		defer func() {
			if !ended {
				l.out.put(c.cancel(id))
			}
			c.finish(l, id)
		}()
		l.out.put(message(id))
		for !ended {
			answer, err := answers.get(ctx)
			if err != nil {
				ended = ctx.Err() == nil // the stream broke: a cancel cannot be sent
				yield(none, err)
				return
			}
			ended = c.last(answer)
			if !yield(answer, nil) {
				return
			}
		}
	}
}

// Close cancels all streams and waits until they have ended.
func (c *Client[Q, A]) Close() error {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// begin registers a request on the current stream, and opens one if necessary.
func (c *Client[Q, A]) begin() (*link[Q, A], string, *queue[A], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil, "", nil, fmt.Errorf("%w: client is closed", reasoning.ErrUnavailable)
	}
	if c.current != nil && time.Since(c.current.opened) >= maxAge {
		c.current.retired = true
		c.current.endIfIdle()
		c.current = nil
	}
	if c.current == nil {
		c.current = &link[Q, A]{out: newQueue[Q](), answers: make(map[string]*queue[A]), opened: time.Now()}
		l := c.current
		c.running.Go(func() { c.run(l) })
	}
	c.lastID++
	id, answers := strconv.FormatUint(c.lastID, 36), newQueue[A]()
	c.current.answers[id] = answers
	return c.current, id, answers, nil
}

// finish removes a request from its stream.
func (c *Client[Q, A]) finish(l *link[Q, A], id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(l.answers, id)
	l.endIfIdle()
}

// endIfIdle closes the sending side of a retired stream without requests.
func (l *link[Q, A]) endIfIdle() {
	if l.retired && len(l.answers) == 0 {
		l.out.end(io.EOF)
	}
}

// run opens a stream and delivers its answers until it ends.
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
	if c.current == l {
		c.current = nil
	}
	for _, answers := range l.answers {
		answers.end(broken(err))
	}
}

// write sends the messages of out. It drops errors of Send: Recv returns them.
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

// deliver queues an answer for its request. It drops answers to cancelled requests.
func (c *Client[Q, A]) deliver(l *link[Q, A], answer A) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answers := l.answers[answer.GetRequestId()]; answers != nil {
		answers.put(answer)
	}
}

// broken returns the error for the requests in flight on a stream that ended with err:
// err itself if a retry cannot succeed, otherwise an ErrUnavailable.
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
