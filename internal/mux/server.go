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
	// Answer sends all answers to a request but the last, and returns the last. If it
	// returns an error, the last answer is that of Fail. send blocks while the client
	// does not read.
	Answer func(ctx context.Context, request Q, send func(A) error) (last A, err error)
	// Fail returns the last answer of a request that failed.
	Fail func(id string, err error) A
	// Cancels reports whether a message cancels the request with its id.
	Cancels func(Q) bool
}

// A ServerStream is the server's half of a gRPC stream.
type ServerStream[Q, A any] interface {
	Context() context.Context
	Send(A) error
	Recv() (Q, error)
}

// Serve answers the requests of a stream until the client has closed its side or the
// server drains, and all requests in flight have ended. It returns nil only if every
// message of the client was read and answered; a stream that drains before the client
// has closed its side ends with ErrUnavailable, as messages may be on their way.
func (s Server[Q, A]) Serve(stream ServerStream[Q, A]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	v := &session[Q, A]{
		Server:  s,
		stream:  stream,
		running: make(map[string]context.CancelFunc),
		ended:   make(chan struct{}),
	}
	defer v.all.Wait()
	defer cancel()

	received, drain := receive(ctx, stream), draining(ctx)
	open, closed, inFlight := true, false, 0 // closed by the client
	for open || inFlight > 0 {
		select {
		case m := <-received:
			switch {
			case errors.Is(m.err, io.EOF):
				received, open, closed = nil, false, true
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
		case <-v.ended:
			inFlight--
		case <-drain:
			drain, open = nil, false
		case <-ctx.Done(): // receive then ends without a message
			return context.Cause(ctx)
		}
	}
	if !closed {
		return fmt.Errorf("%w: server is stopping: send requests without an answer again on another stream",
			reasoning.ErrUnavailable)
	}
	return nil
}

// ErrIDInUse indicates that a request has the id of another one in flight on its stream.
// The other request continues.
var ErrIDInUse = reasoning.NewError(reasoning.KindExists, "REQUEST_ID_IN_USE", "request id in use")

// A session is the state of one stream of a Server.
type session[Q, A Tagged] struct {
	Server[Q, A]
	stream  ServerStream[Q, A]
	sending sync.Mutex // held while sending
	all     sync.WaitGroup
	ended   chan struct{} // receives once per request, after its last answer

	mu      sync.Mutex
	running map[string]context.CancelFunc // by request id
}

// start starts a request, or answers it with a refusal. A returned error ends the
// stream.
func (v *session[Q, A]) start(ctx context.Context, request Q, open bool) (started bool, err error) {
	id := request.GetRequestId()
	v.mu.Lock()
	_, taken := v.running[id]
	busy := len(v.running)
	v.mu.Unlock()
	switch {
	case id == "" || len(id) > maxID:
		return false, v.send(v.Fail(id, reasoning.Invalid("request_id", "must have 1 to %d bytes, has %d", maxID, len(id))))
	case taken:
		return false, v.send(v.Fail(id, fmt.Errorf("%w on this stream: %q", ErrIDInUse, id)))
	case !open:
		return false, v.send(v.Fail(id, fmt.Errorf("%w: server is stopping", reasoning.ErrUnavailable)))
	case busy >= MaxInFlight:
		err := fmt.Errorf("%w: %d requests in flight on this stream", reasoning.ErrOverloaded, busy)
		return false, v.send(v.Fail(id, err))
	}
	requestCtx, cancel := context.WithCancel(ctx)
	v.mu.Lock()
	v.running[id] = cancel
	v.mu.Unlock()
	v.all.Go(func() {
		defer cancel()
		v.answer(requestCtx, id, request)
		select {
		case v.ended <- struct{}{}:
		case <-ctx.Done():
		}
	})
	return true, nil
}

// answer answers a request up to its last answer. It drops errors of send: a stream that
// broke also ends Serve.
func (v *session[Q, A]) answer(ctx context.Context, id string, request Q) {
	var last A
	err := rpcerr.Recover(fmt.Sprintf("%T", request), func() (err error) {
		last, err = v.Answer(ctx, request, v.send)
		return err
	})
	if err != nil {
		last = v.Fail(id, err)
	}
	v.mu.Lock() // before the client receives the last answer and may reuse the id
	delete(v.running, id)
	v.mu.Unlock()
	v.send(last)
}

func (v *session[Q, A]) cancel(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if cancel := v.running[id]; cancel != nil { // otherwise the request has ended
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

// receive returns a channel of the messages of stream, up to and including an error.
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
