package mux

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Server handles the requests that are multiplexed on streams.
type Server[Req, Res Tagged] struct {
	// Handle sends every response to a request but the last through send, and returns the
	// last. If it returns an error, the last response is that of Fail. send blocks while
	// the client does not read.
	Handle func(ctx context.Context, request Req, send func(Res) error) (last Res, err error)
	// Fail returns the last response to a request that failed.
	Fail func(id string, err error) Res
	// Cancels reports whether a message cancels the request with its id.
	Cancels func(Req) bool
}

// Serve handles the requests of a stream until the client has half-closed it or the server
// drains, and all requests in flight have ended. It returns nil only if every message of
// the client was read and answered. A stream that drains before the client has half-closed
// it ends with ErrUnavailable, as messages may still be in flight.
func (s Server[Req, Res]) Serve(stream ServerStream[Req, Res]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	v := &session[Req, Res]{
		Server:  s,
		stream:  stream,
		running: make(map[string]context.CancelFunc),
		ended:   make(chan struct{}),
	}
	defer v.handlers.Wait()
	defer cancel()

	received, drain := receive(ctx, stream), draining(ctx)
	open := true        // accepts requests
	halfClosed := false // by the client
	inFlight := 0       // requests
	for open || inFlight > 0 {
		select {
		case m := <-received:
			switch {
			case errors.Is(m.err, io.EOF):
				received, open, halfClosed = nil, false, true
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
		case <-ctx.Done(): // receive also stops on ctx and may send no message
			return context.Cause(ctx)
		}
	}
	if !halfClosed {
		return fmt.Errorf("%w: server is stopping: retry unanswered requests on a new stream", reasoning.ErrUnavailable)
	}
	return nil
}

type received[Req any] struct {
	message Req
	err     error
}

// receive returns a channel of the messages of stream, up to and including an error.
func receive[Req, Res any](ctx context.Context, stream ServerStream[Req, Res]) <-chan received[Req] {
	in := make(chan received[Req])
	go func() {
		for {
			message, err := stream.Recv()
			select {
			case in <- received[Req]{message, err}:
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
