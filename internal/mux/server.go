package mux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/reasoning"
)

// A Server answers the requests of streams.
type Server[Q, A Tagged] struct {
	// Answer a request: send any but its last answer, return that. An error is
	// answered with Fail. Sending blocks while the client does not read.
	Answer func(ctx context.Context, request Q, send func(A) error) (last A, err error)
	// Fail is the last answer of a request that failed.
	Fail func(id string, err error) A
	// Cancels says whether the message cancels the request with its id.
	Cancels func(Q) bool
}

// A ServerStream is the server's half of a gRPC stream.
type ServerStream[Q, A any] interface {
	Context() context.Context
	Send(A) error
	Recv() (Q, error)
}

// Serve a stream until the client has closed its side or the server drains, and all
// requests in flight are over.
func (s Server[Q, A]) Serve(stream ServerStream[Q, A]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	v := &session[Q, A]{
		Server:  s,
		stream:  stream,
		running: make(map[string]context.CancelFunc),
		over:    make(chan struct{}),
	}
	defer v.all.Wait()
	defer cancel()

	received, drain := receive(ctx, stream), draining(ctx)
	open, inFlight := true, 0
	for open || inFlight > 0 {
		select {
		case m := <-received:
			switch {
			case errors.Is(m.err, io.EOF):
				received, open = nil, false
			case m.err != nil:
				return m.err
			case s.Cancels(m.message):
				v.cancel(m.message.GetRequestId())
			default:
				started, err := v.start(ctx, m.message, open)
				if err != nil {
					return err
				}
				if started {
					inFlight++
				}
			}
		case <-ctx.Done(): // receive ends without a word
			return context.Cause(ctx)
		case <-v.over:
			inFlight--
		case <-drain:
			drain, open = nil, false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// A session is what a Server knows of one stream.
type session[Q, A Tagged] struct {
	Server[Q, A]
	stream  ServerStream[Q, A]
	sending sync.Mutex
	all     sync.WaitGroup
	over    chan struct{} // told of each request whose last answer was sent

	mu      sync.Mutex
	running map[string]context.CancelFunc
}

// start a request, or answer that it is refused. An error is one of the stream.
func (v *session[Q, A]) start(ctx context.Context, request Q, open bool) (started bool, err error) {
	id := request.GetRequestId()
	v.mu.Lock()
	_, taken := v.running[id]
	busy := len(v.running)
	v.mu.Unlock()
	switch {
	case id == "" || len(id) > maxID:
		return false, reasoning.Invalid("request_id", "must have 1 to %d bytes, has %d", maxID, len(id))
	case taken:
		return false, reasoning.Invalid("request_id", "must be unique among requests in flight, %q is not", id)
	case !open:
		return false, v.send(v.Fail(id, fmt.Errorf("%w: server is stopping", reasoning.ErrUnavailable)))
	case busy >= MaxInFlight:
		return false, v.send(v.Fail(id, fmt.Errorf("%w: %d requests in flight on this stream", reasoning.ErrOverloaded, busy)))
	}
	mine, cancel := context.WithCancel(ctx)
	v.mu.Lock()
	v.running[id] = cancel
	v.mu.Unlock()
	v.all.Go(func() {
		defer cancel()
		v.answer(mine, id, request)
		select {
		case v.over <- struct{}{}:
		case <-ctx.Done():
		}
	})
	return true, nil
}

// answer a request to its end. A stream that cannot be sent on has broken, and
// Serve hears of it.
func (v *session[Q, A]) answer(ctx context.Context, id string, request Q) {
	var last A
	err := rpcerr.Recover(fmt.Sprintf("%T", request), func() (err error) {
		last, err = v.Answer(ctx, request, v.send)
		return err
	})
	if err != nil {
		last = v.Fail(id, err)
	}
	v.mu.Lock() // before the client hears that the id is free again
	delete(v.running, id)
	v.mu.Unlock()
	v.send(last)
}

func (v *session[Q, A]) cancel(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if cancel := v.running[id]; cancel != nil { // else it is over
		cancel()
	}
}

func (v *session[Q, A]) send(answer A) error {
	v.sending.Lock()
	defer v.sending.Unlock()
	return v.stream.Send(answer)
}

type received[Q any] struct {
	message Q
	err     error
}

// receive makes a channel of what comes in, up to an error.
func receive[Q, A any](ctx context.Context, stream ServerStream[Q, A]) <-chan received[Q] {
	in := make(chan received[Q])
	go func() {
		for {
			message, err := stream.Recv()
			select {
			case in <- received[Q]{message, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return in
}
