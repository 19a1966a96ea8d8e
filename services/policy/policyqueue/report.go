package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/natsx"
	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// claim tells the owner of the search that the attempt begins, and learns which
// children are missing and the trace of the attempt before. If there is no owner, it
// may come back, but no places are kept for that.
func (a *attempt) claim(ctx context.Context) (missing []int, previous string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return a.tell(ctx, &queuev1.ExpansionResult{Event: &queuev1.ExpansionResult_Claim{Claim: &queuev1.Claim{}}})
}

// deliver sends a finished child until the owner has taken it: it was paid for.
func (a *attempt) deliver(ctx context.Context, child policy.Child) ([]int, error) {
	child.Start = a.start
	missing, _, err := a.tell(ctx, &queuev1.ExpansionResult{Event: &queuev1.ExpansionResult_Child{Child: policywire.ChildToProto(child)}})
	return missing, err
}

func failure(err error) *queuev1.ExpansionResult_Error {
	return &queuev1.ExpansionResult_Error{Error: rpcerr.ToProto(err)}
}

// sayLast tells the owner what was written of a job that was called off, so that it
// is paid. Nobody answers: the owner waits for it only a little.
func (a *attempt) sayLast() {
	if !a.claimed || a.worker.silent {
		return
	}
	ctx := context.Background()
	for _, child := range a.untold {
		child.Start = a.start
		a.say(ctx, &queuev1.ExpansionResult{Event: &queuev1.ExpansionResult_Child{Child: policywire.ChildToProto(child)}})
	}
	a.say(ctx, &queuev1.ExpansionResult{Event: &queuev1.ExpansionResult_Stopped{Stopped: &queuev1.Stopped{Wasted: wire.UsageToProto(a.vain)}}})
}

func (a *attempt) say(ctx context.Context, result *queuev1.ExpansionResult) {
	msg, err := a.message(ctx, result)
	if err == nil {
		err = a.worker.nc.PublishMsg(msg)
	}
	if err != nil {
		slog.Warn("what a cancelled job has cost is not told", "worker", a.start.Worker, "job", a.id, "error", err)
	}
}

func (a *attempt) message(ctx context.Context, result *queuev1.ExpansionResult) (msg *nats.Msg, err error) {
	result.JobId = a.job
	result.Worker, result.Attempt, result.QueueWait = a.start.Worker, int32(a.start.Attempt), durationpb.New(a.start.QueueWait)
	msg = nats.NewMsg(results(a.search))
	propagator.Inject(ctx, natsx.Header(msg.Header))
	if msg.Data, err = proto.Marshal(result); err != nil {
		return nil, fmt.Errorf("encoding a result: %w", err)
	}
	return msg, nil
}

// tell sends a result to the owner of the search and returns the answer. It goes on
// trying until ctx ends.
func (a *attempt) tell(ctx context.Context, result *queuev1.ExpansionResult) (missing []int, previous string, err error) {
	msg, err := a.message(ctx, result)
	if err != nil {
		return nil, "", err
	}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		answer, err := a.ask(ctx, msg)
		if err == nil {
			var reply queuev1.ResultReply
			if err := proto.Unmarshal(answer.Data, &reply); err != nil {
				return nil, "", fmt.Errorf("answer of the search's owner: %w", err)
			}
			for _, o := range reply.GetMissing() {
				missing = append(missing, int(o))
			}
			return missing, answer.Header.Get(headerPrevious), nil
		}
		if errors.Is(err, nats.ErrConnectionClosed) {
			return nil, "", err
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return nil, "", fmt.Errorf("%w: %w", errNoOwner, err)
		}
	}
}

func (a *attempt) ask(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	return a.worker.nc.RequestMsgWithContext(ctx, msg)
}

// term drops a message for good, with a reason for whoever reads advisories.
func term(msg *nats.Msg, reason string) error {
	return msg.Respond([]byte("+TERM " + strings.ReplaceAll(reason, "\n", " ")))
}
