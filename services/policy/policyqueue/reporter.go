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

// errNoClient is the error of a result without a reply.
var errNoClient = errors.New("no client waits for the search")

// errTooLarge is the error of a child that no message of NATS can hold.
var errTooLarge = reasoning.NewError(reasoning.KindPrecondition, "CHILD_TOO_LARGE",
	"child is too large for one message of NATS (lower max_tokens, or raise max_payload of the server)")

// A reporter sends the results of one attempt to the job's client.
type reporter struct {
	nc     *nats.Conn
	search string
	job    string // name of the job
	epoch  string // of the job's message
	start  policy.Start
	spent  func() reasoning.Usage // returns what the attempt has spent so far
}

// claim sends a claim. It returns the ordinals of the missing children, and the traceparent
// of the previous attempt. It waits only natsTimeout for a client that is reconnecting, as
// the attempt holds slots meanwhile.
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

// deliver sends a finished child until the client replies, and returns the ordinals of the
// missing children.
func (r reporter) deliver(ctx context.Context, child policy.Child) (missing []int, err error) {
	reply, err := r.request(ctx, protocol.Child{Child: child})
	if err != nil {
		return nil, err
	}
	return protocol.DecodeReply(reply.Data)
}

// fail sends the failure of the job until the client replies.
func (r reporter) fail(ctx context.Context, failure error) error {
	_, err := r.request(ctx, protocol.Failure{Err: failure})
	return err
}

// stopped sends what was generated before the attempt was stopped or failed, so that the client
// bills it. It waits for no reply.
func (r reporter) stopped(undelivered []policy.Child, report protocol.Stopped) {
	var events []protocol.Event
	for _, child := range undelivered {
		events = append(events, protocol.Child{Child: child})
	}
	for _, event := range append(events, report) {
		msg, err := r.message(context.Background(), event)
		if err == nil {
			err = r.nc.PublishMsg(msg)
		}
		if err != nil {
			slog.Warn("usage of a stopped attempt is not reported: its search's bill is too low",
				"worker", r.start.Worker, "search", r.search, "job", r.job, "error", err)
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
		switch {
		case err == nil, errors.Is(err, nats.ErrConnectionClosed):
			return reply, err
		case errors.Is(err, nats.ErrMaxPayload):
			return nil, fmt.Errorf("%w: it has %d bytes, the server allows %d", errTooLarge, len(msg.Data), r.nc.MaxPayload())
		}
		sleep(ctx, wait)
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
	msg.Data, err = protocol.Result{Job: r.job, Epoch: r.epoch, Start: r.start, Event: event, Spent: r.spent()}.Encode()
	return msg, err
}
