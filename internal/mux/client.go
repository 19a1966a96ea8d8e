package mux

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// maxAge is how long a stream accepts new requests. Then the client opens another, and
// the old one ends with its last request, so that a balancer can spread the streams of
// one client. Keep it below the -max-connection-age of servers.
const maxAge = time.Minute

// A Client sends requests over a stream, which the first of them opens. A stream that is older
// than maxAge is retired: it accepts no more requests and ends with its last one, while later
// requests use another. A Client is safe for concurrent use.
type Client[Req, Res Tagged] struct {
	open   func(context.Context) (Stream[Req, Res], error)
	cancel func(id string) Req
	last   func(Res) bool

	inFlight chan struct{}   // semaphore of MaxInFlight
	ctx      context.Context // of all streams; Close ends it
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu      sync.Mutex
	current *clientStream[Req, Res] // accepts new requests; nil if the next request must open a stream
	lastID  uint64
}

// NewClient returns a Client that opens its streams by open. cancel returns the message
// that cancels a request, and last reports whether a response is the last of its request.
func NewClient[Req, Res Tagged](
	open func(context.Context) (Stream[Req, Res], error), cancel func(id string) Req, last func(Res) bool,
) *Client[Req, Res] {
	c := &Client[Req, Res]{open: open, cancel: cancel, last: last, inFlight: make(chan struct{}, MaxInFlight)}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// Do sends the request that newRequest returns for a fresh id, and yields its responses up
// to the last. It waits while MaxInFlight requests are in flight. An error ends the sequence:
// that of ctx, that of the stream (see the package), or reasoning.ErrUnavailable after Close;
// Unsent reports whether the server cannot have received the request.
//
// When ctx ends, Do cancels the request and yields the responses that come within finalTimeout,
// up to the last, which reports what the request has cost. ctx's error follows if the last one
// does not come. A caller that breaks off cancels the request, and learns nothing of its cost.
func (c *Client[Req, Res]) Do(ctx context.Context, newRequest func(id string) Req) iter.Seq2[Res, error] {
	return func(yield func(Res, error) bool) {
		var zero Res
		select {
		case c.inFlight <- struct{}{}:
			defer func() { <-c.inFlight }()
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			yield(zero, &unsent{err})
			return
		}
		s, id, responses, err := c.begin()
		if err != nil {
			yield(zero, &unsent{err})
			return
		}
		ended := false // or cancelled
		defer func() {
			if !ended {
				s.requests.push(c.cancel(id))
			}
			c.finish(s, id)
		}()
		s.requests.push(newRequest(id))
		for wait := ctx; ; {
			response, err := responses.pop(wait)
			if err != nil && !ended && ctx.Err() != nil && c.isOpen(s) {
				s.requests.push(c.cancel(id))
				ended = true
				final, stop := context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
				defer stop()
				wait = final
				continue
			}
			if err != nil {
				ended = ended || ctx.Err() == nil // the stream broke: a cancel cannot be sent
				err = cmp.Or(ctx.Err(), err)
				if !c.isOpen(s) {
					err = &unsent{err}
				}
				yield(zero, err)
				return
			}
			last := c.last(response)
			ended = ended || last
			if !yield(response, nil) || last {
				return
			}
		}
	}
}

// finalTimeout is how long Do waits for the last response to a request that it has cancelled. A
// server sends it within the time of a decoding step.
const finalTimeout = 500 * time.Millisecond

// An unsent is the error of a request that the server cannot have received.
type unsent struct{ error }

func (u *unsent) Unwrap() error { return u.error }

// Unsent reports whether err is that of a request that the server cannot have received, so that
// it has cost nothing.
func Unsent(err error) bool {
	var u *unsent
	return errors.As(err, &u)
}

// isOpen reports whether requests may have been sent on s.
func (c *Client[Req, Res]) isOpen(s *clientStream[Req, Res]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.open
}

// Close cancels all streams and waits until they have ended. Requests in flight and later ones
// fail with reasoning.ErrUnavailable. Close returns nil.
func (c *Client[Req, Res]) Close() error {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// begin registers a request on the current stream, and opens one if necessary.
func (c *Client[Req, Res]) begin() (*clientStream[Req, Res], string, *queue[Res], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil, "", nil, fmt.Errorf("%w: client is closed", reasoning.ErrUnavailable)
	}
	if c.current != nil && time.Since(c.current.opened) >= maxAge {
		c.current.retired = true
		c.current.closeIfIdle()
		c.current = nil
	}
	if c.current == nil {
		s := &clientStream[Req, Res]{
			requests:  newQueue[Req](),
			responses: make(map[string]*queue[Res]),
			opened:    time.Now(),
		}
		c.current = s
		c.running.Go(func() { c.run(s) })
	}
	c.lastID++
	id, responses := strconv.FormatUint(c.lastID, 36), newQueue[Res]()
	c.current.responses[id] = responses
	return c.current, id, responses, nil
}

// finish removes a request from its stream.
func (c *Client[Req, Res]) finish(s *clientStream[Req, Res], id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(s.responses, id)
	s.closeIfIdle()
}
