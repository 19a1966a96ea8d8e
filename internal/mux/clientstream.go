package mux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A clientStream is one stream of a Client with its requests in flight. Its fields are
// guarded by Client.mu.
type clientStream[Req, Res Tagged] struct {
	requests  *queue[Req]
	responses map[string]*queue[Res] // by request id
	opened    time.Time
	open      bool // requests may have been sent
	retired   bool // accepts no new requests
}

// closeIfIdle half-closes a retired stream that has no requests left.
func (s *clientStream[Req, Res]) closeIfIdle() {
	if s.retired && len(s.responses) == 0 {
		s.requests.close(io.EOF)
	}
}

// run opens the stream and delivers its responses until it ends.
func (c *Client[Req, Res]) run(s *clientStream[Req, Res]) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	stream, err := c.open(ctx)
	if err == nil {
		c.mu.Lock()
		s.open = true
		c.mu.Unlock()
		c.running.Go(func() { sendAll(ctx, stream, s.requests) })
	}
	for err == nil {
		var response Res
		if response, err = stream.Recv(); err == nil {
			c.deliver(s, response)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == s {
		c.current = nil
	}
	for _, responses := range s.responses {
		responses.close(streamError(err))
	}
}

// sendAll sends the requests until they or ctx end. It drops errors of Send, since Recv
// returns them, too.
func sendAll[Req, Res any](ctx context.Context, stream Stream[Req, Res], requests *queue[Req]) {
	for {
		request, err := requests.pop(ctx)
		if err == nil {
			err = stream.Send(request)
		}
		if err != nil {
			stream.CloseSend()
			return
		}
	}
}

// deliver queues a response for its request. It drops responses to cancelled requests.
func (c *Client[Req, Res]) deliver(s *clientStream[Req, Res], response Res) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if responses := s.responses[response.GetRequestId()]; responses != nil {
		responses.push(response)
	}
}

// streamError returns the error for the requests in flight on a stream that ended with
// err: err itself if a retry cannot succeed, otherwise an ErrUnavailable.
func streamError(err error) error {
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.InvalidArgument:
		return err
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: server ended the stream: retry", reasoning.ErrUnavailable)
	}
	return fmt.Errorf("%w: stream broke: %s: retry", reasoning.ErrUnavailable, status.Convert(err).Message())
}
