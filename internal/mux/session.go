package mux

import (
	"context"
	"fmt"
	"sync"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/reasoning"
)

// ErrIDInUse indicates that another request in flight on the stream has the same id. That
// other request continues.
var ErrIDInUse = reasoning.NewError(reasoning.KindExists, "REQUEST_ID_IN_USE", "request id in use")

// A session is the state of one stream of a Server.
type session[Req, Res Tagged] struct {
	Server[Req, Res]
	stream   ServerStream[Req, Res]
	handlers sync.WaitGroup
	ended    chan struct{} // gets one value per started request, after its last response

	sendMu sync.Mutex // held during stream.Send

	mu      sync.Mutex
	running map[string]context.CancelFunc // by request id
}

// start starts a request, or sends a response that refuses it. open is whether the stream
// accepts requests. A returned error ends the stream. Only the goroutine of Serve calls start:
// no other request takes the id between the check and the insertion.
func (v *session[Req, Res]) start(ctx context.Context, request Req, open bool) (started bool, err error) {
	id := request.GetRequestId()
	v.mu.Lock()
	_, taken := v.running[id]
	busy := len(v.running)
	v.mu.Unlock()
	switch {
	case id == "" || len(id) > maxID:
		return false, v.send(v.Fail(id, reasoning.Invalid("request_id", "must have 1 to %d bytes, has %d", maxID, len(id))))
	case taken:
		return false, v.send(v.Fail(id, fmt.Errorf("%w on this stream: %q: choose another", ErrIDInUse, id)))
	case !open:
		err := fmt.Errorf("%w: server is stopping: retry on a new stream", reasoning.ErrUnavailable)
		return false, v.send(v.Fail(id, err))
	case busy >= MaxInFlight:
		err := fmt.Errorf("%w: %d requests in flight on this stream: wait for responses or open another stream",
			reasoning.ErrOverloaded, busy)
		return false, v.send(v.Fail(id, err))
	}
	requestCtx, cancel := context.WithCancel(ctx)
	v.mu.Lock()
	v.running[id] = cancel
	v.mu.Unlock()
	v.handlers.Go(func() {
		defer cancel()
		v.handle(requestCtx, id, request)
		select {
		case v.ended <- struct{}{}:
		case <-ctx.Done():
		}
	})
	return true, nil
}

// handle handles a request up to its last response. It drops errors of send: a stream that
// broke also ends Serve.
func (v *session[Req, Res]) handle(ctx context.Context, id string, request Req) {
	var last Res
	err := rpcerr.Recover(fmt.Sprintf("%T", request), func() (err error) {
		last, err = v.Handle(ctx, request, v.send)
		return err
	})
	if err != nil {
		last = v.Fail(id, err)
	}
	v.mu.Lock() // before the client receives the last response and may reuse the id
	delete(v.running, id)
	v.mu.Unlock()
	v.send(last)
}

// cancel cancels the request with this id; it does nothing if the request has ended.
func (v *session[Req, Res]) cancel(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if cancel := v.running[id]; cancel != nil {
		cancel()
	}
}

// send sends a response. It is safe for concurrent use.
func (v *session[Req, Res]) send(response Res) error {
	v.sendMu.Lock()
	defer v.sendMu.Unlock()
	return v.stream.Send(response)
}
