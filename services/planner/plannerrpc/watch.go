package plannerrpc

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner"
)

// Watch implements planner.Solver.
func (c *Client) Watch(ctx context.Context, ref planner.Ref, after int64) iter.Seq2[planner.Event, error] {
	return func(yield func(planner.Event, error) bool) {
		w := &watch{Client: c, ref: ref, after: after, yield: yield}
		for !w.over {
			err := w.attach(ctx)
			if err != nil && c.transient(ctx, err) {
				err = w.pause.wait(ctx)
			}
			if err != nil {
				yield(planner.Event{}, c.domainError(ctx, err))
				return
			}
		}
	}
}

// A watch follows one search over one stream after the other.
type watch struct {
	*Client
	ref   planner.Ref
	after int64 // sequence number of the last event
	began bool  // an event was read
	over  bool  // the search has ended, or the reader has left
	yield func(planner.Event, error) bool
	pause backoff
}

// attach opens a stream after the last event and yields its events until the watch is over or
// the stream fails. It returns nil if the watch is over.
func (w *watch) attach(ctx context.Context) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	stream, err := w.service.WatchSearch(ctx, &plannerv1.WatchSearchRequest{
		Tenant: w.ref.Tenant, SearchId: w.ref.ID, AfterSequence: w.after,
	})
	if err != nil {
		return err
	}
	for first := true; !w.over; first = false {
		response, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return w.end(first)
		case err != nil:
			return err
		}
		event, err := w.read(response)
		if err != nil {
			return err
		}
		w.responded.Store(true)
		w.after, w.began, w.pause = event.Sequence, true, backoff{}
		w.over = !w.yield(event, nil) || event.State.Ended()
	}
	return nil
}

// read returns the event of a response, which must continue after the last event or
// begin a snapshot.
func (w *watch) read(r *plannerv1.WatchSearchResponse) (planner.Event, error) {
	event, err := eventFromProto(r.GetEvent())
	if err == nil && event.First != w.after+1 && w.after != 0 && !event.Snapshot {
		err = wire.Malformed("event.first_sequence", "must be %d, is %d", w.after+1, event.First)
	}
	return event, err
}

// end handles the end of a stream without a terminal event, which is valid only if the watch
// began after the last event of an ended search.
func (w *watch) end(first bool) error {
	switch {
	case !first:
		return status.Error(codes.Unavailable, "planner ended the stream before the search ended")
	case w.began:
		return wire.Malformed("event", "stream ended after %d without a terminal event", w.after)
	}
	w.over = true
	return nil
}

// permanent lists the codes for which a retry is useless when gRPC itself, and not the planner,
// returns them.
var permanent = []codes.Code{
	codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented,
	codes.ResourceExhausted, codes.FailedPrecondition, codes.OutOfRange,
}

// transient reports whether a failed call may succeed when it is repeated: the planner cannot be
// reached, or the connection broke.
func (c *Client) transient(ctx context.Context, err error) bool {
	s, ok := status.FromError(err)
	if ctx.Err() != nil || !ok || !c.responded.Load() {
		return false
	}
	ofPlanner := slices.ContainsFunc(s.Details(), func(d any) bool {
		info, ok := d.(*errdetails.ErrorInfo)
		return ok && info.GetDomain() == rpcerr.Domain
	})
	return s.Code() == codes.Unavailable || !ofPlanner && !slices.Contains(permanent, s.Code())
}

// A backoff pauses between attempts, each time longer, up to maxPause.
type backoff struct{ last time.Duration }

const (
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// wait pauses, or returns the cause of ctx's end if that comes first. Half of the pause is drawn
// at random, so that the clients of a planner that restarts do not all return at once.
func (b *backoff) wait(ctx context.Context) error {
	b.last = min(max(2*b.last, minPause), maxPause)
	timer := time.NewTimer(b.last/2 + rand.N(b.last/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
