package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// errNoClient is the error of a result to which no client replies.
var errNoClient = errors.New("no client waits for the search")

// A reporter sends the results of one attempt to the client that waits for its job.
type reporter struct {
	nc     *nats.Conn
	search string
	job    string // its name
	epoch  string // of the message with which the attempt began
	start  policy.Start
}

// claim reports that the attempt begins. It returns which children are missing, and
// the traceparent of the attempt before. A client that is away may come back, but claim
// waits only natsTimeout for it, as it keeps slots from other jobs.
func (r reporter) claim(ctx context.Context) (missing []int, previous string, err error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	reply, err := r.request(ctx, protocol.Claim{})
	if err != nil {
		return nil, "", err
	}
	missing, err = protocol.DecodeReply(reply.Data)
	return missing, reply.Header.Get(protocol.HeaderPrevious), err
}

// deliver sends a finished child until the client replies, and returns which children
// are missing.
func (r reporter) deliver(ctx context.Context, child policy.Child) (missing []int, err error) {
	reply, err := r.request(ctx, protocol.Child{Child: child})
	if err != nil {
		return nil, err
	}
	return protocol.DecodeReply(reply.Data)
}

// fail reports that the job failed for good.
func (r reporter) fail(ctx context.Context, failure error) error {
	_, err := r.request(ctx, protocol.Failure{Err: failure})
	return err
}

// stopped reports what was written of a job before its attempt was stopped, so that it
// is billed. It does not wait for a reply.
func (r reporter) stopped(undelivered []policy.Child, wasted reasoning.Usage) {
	var events []protocol.Event
	for _, child := range undelivered {
		events = append(events, protocol.Child{Child: child})
	}
	for _, event := range append(events, protocol.Stopped{Wasted: wasted}) {
		msg, err := r.message(context.Background(), event)
		if err == nil {
			err = r.nc.PublishMsg(msg)
		}
		if err != nil {
			slog.Warn("usage of a cancelled job cannot be reported", "worker", r.start.Worker, "search", r.search, "job", r.job,
				"error", err)
		}
	}
}

// request sends an event until a client replies or ctx ends.
func (r reporter) request(ctx context.Context, event protocol.Event) (reply *nats.Msg, err error) {
	msg, err := r.message(ctx, event)
	if err != nil {
		return nil, err
	}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		reply, err := r.requestOnce(ctx, msg)
		if err == nil || errors.Is(err, nats.ErrConnectionClosed) {
			return reply, err
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", errNoClient, err)
		}
	}
}

func (r reporter) requestOnce(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*natsTimeout)
	defer cancel()
	return r.nc.RequestMsgWithContext(ctx, msg)
}

func (r reporter) message(ctx context.Context, event protocol.Event) (msg *nats.Msg, err error) {
	msg = nats.NewMsg(protocol.ResultSubject(r.search))
	propagator.Inject(ctx, natsx.Header(msg.Header))
	msg.Data, err = protocol.Result{Job: r.job, Epoch: r.epoch, Start: r.start, Event: event}.Encode()
	return msg, err
}
