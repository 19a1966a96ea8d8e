package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// redeliveryLag is how much later than after the delay of a Nak JetStream may deliver a job
// again.
const redeliveryLag = 10 * time.Millisecond

// jobDropped is the reason of the termination of a job whose client does not reply.
const jobDropped = "a worker has dropped the job, as no client replied"

// maxDeliveries is how often a job is delivered if its client does not reply, or is of an earlier
// release and does not count attempts.
const maxDeliveries = 4

// acknowledge acknowledges the attempt's message: by an Ack if the job is done or
// cancelled, by a Nak if another attempt may succeed, and otherwise by a Term, which removes
// the job. If that fails, JetStream delivers the job again after AckWait.
func (a *attempt) acknowledge(err error) {
	log := func(level slog.Level, msg string, err error) {
		a.worker.repeats.log(level, msg, err, "search", a.search, "job", a.id, "delivery", a.start.Attempt)
	}
	var failed error
	switch last := a.start.Attempt >= maxDeliveries; {
	case err == nil, errors.Is(err, errCancelled):
		failed = a.msg.Ack()
	case errors.Is(err, nats.ErrConnectionClosed):
		return // nothing can be sent
	case errors.Is(err, errDeadline):
		failed = a.terminate("the deadline has passed")
	case errors.Is(err, errStopped):
		failed = giveBack(a.worker.nc, a.msg, 0)
	case final(err):
		log(slog.LevelError, "job failed: no attempt can succeed", err)
		failed = a.fail(err)
	case errors.Is(err, errNoClient) && last: // a client that returns finds that the stream has lost the job
		log(slog.LevelWarn, "job dropped: no client waits for it", err)
		failed = a.terminate(jobDropped)
	case errors.Is(err, errNoClient):
		failed = giveBack(a.worker.nc, a.msg, a.worker.cfg.AckWait)
	case last && a.job.MaxAttempts == 0:
		log(slog.LevelError, "job failed in its last attempt", err)
		failed = a.fail(fmt.Errorf("%w after %d attempts, the last by worker %s: %w",
			policy.ErrPoison, a.start.Attempt, a.start.Worker, own(err)))
	case a.refused(err): // the worker pulls nothing for now
		failed = giveBack(a.worker.nc, a.msg, retryDelay(a.start.Attempt-maxRefusals))
	default:
		log(slog.LevelWarn, "attempt failed: the job is attempted again, unless its client gives it up", err)
		failed = giveBack(a.worker.nc, a.msg, max(retryDelay(a.start.Attempt), reasoning.Delay(err)))
	}
	if failed != nil {
		log(slog.LevelWarn, "job is not acknowledged: JetStream will deliver it again", failed)
	}
}

// final reports whether no attempt at the job can succeed after err. Another worker may serve
// another version of the model.
func final(err error) bool {
	var other *otherModelError
	return reasoning.Permanent(err) && !errors.As(err, &other)
}

// refused reports whether the engine refused the attempt before it began.
func (a *attempt) refused(err error) bool {
	return reasoning.Refused(err) && a.wasted.Total().Generated == 0
}

// next returns why another attempt has to follow an attempt that ended with err, nil if none does
// or the worker stops. failed reports whether the attempt counts as one that failed.
func (a *attempt) next(err error) (reason error, failed bool) {
	for _, e := range []error{nil, errCancelled, errDeadline, errStopped, errNoClient, nats.ErrConnectionClosed} {
		if errors.Is(err, e) {
			return nil, false
		}
	}
	if final(err) || a.job.MaxAttempts == 0 {
		return nil, false
	}
	return own(err), !a.refused(err)
}

// own returns err without errors of context: a time limit of the Policy is not the search's
// deadline.
func own(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.New(err.Error())
	}
	return err
}

// giveBack returns a job to the queue. JetStream delivers it again after the delay, without a
// notification, so giveBack sends one.
func giveBack(nc *nats.Conn, msg *nats.Msg, delay time.Duration) error {
	time.AfterFunc(delay+redeliveryLag, func() {
		nc.Publish(protocol.NotificationSubject(msg.Subject), nil) // workers find the job later if that fails
	})
	if delay <= 0 {
		return msg.Nak()
	}
	return msg.NakWithDelay(delay)
}

// fail reports to the client that the job failed, and removes the job.
func (a *attempt) fail(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.worker.cfg.AckWait/2)
	defer cancel()
	if a.job.Name != "" {
		if reported := a.reporter().fail(ctx, err); reported != nil {
			a.worker.repeats.log(slog.LevelError,
				"failure of the job is not reported: its client will find that the job is lost", reported)
		}
	}
	return a.terminate(err.Error())
}

// terminate removes the job from the queue. JetStream's advisory has the reason.
func (a *attempt) terminate(reason string) error {
	return a.msg.Respond([]byte("+TERM " + strings.ReplaceAll(reason, "\n", " ")))
}

// maxRefusals is the number of deliveries after which a job that engines refuse waits before the next
// one. Before that it goes at once to a worker that pulls.
const maxRefusals = 3

// retryDelay returns how long a job waits after n attempts: 250 ms after the first, and four times as
// long after each further one, at most ten seconds.
func retryDelay(n int) time.Duration {
	if n < 1 {
		return 0
	}
	return min(longestPause, 250*time.Millisecond<<(2*min(n-1, 8)))
}
