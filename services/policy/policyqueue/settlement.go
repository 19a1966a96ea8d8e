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
)

// redeliveryLag is how much later than asked JetStream may deliver a job again.
const redeliveryLag = 10 * time.Millisecond

// settle acknowledges the attempt's message if the job is done or cancelled, gives it
// back if another attempt may do better, and else terminates it. If that fails,
// JetStream delivers the message again after AckWait.
func (a *attempt) settle(err error) {
	log := slog.With("worker", a.start.Worker, "search", a.search, "job", a.id, "attempt", a.start.Attempt)
	var other *otherModelError
	var settled error
	switch last := a.start.Attempt >= a.worker.cfg.MaxDeliver; {
	case err == nil, errors.Is(err, errCancelled):
		settled = a.msg.Ack()
	case errors.Is(err, nats.ErrConnectionClosed):
		return // nothing can be sent
	case errors.Is(err, errDeadline):
		settled = a.terminate("deadline is over")
	case errors.Is(err, errStopped):
		settled = a.msg.Nak()
	case errors.Is(err, reasoning.ErrInvalid), errors.Is(err, policy.ErrModel) && !errors.As(err, &other):
		log.Error("job cannot be done", "error", err)
		settled = a.fail(log, err)
	case errors.Is(err, errNoClient) && last: // a client that comes back finds that the queue lost the job
		log.Warn("job dropped", "error", err)
		settled = a.terminate(err.Error())
	case errors.Is(err, errNoClient):
		settled = a.putBack(a.worker.cfg.AckWait)
	case last:
		log.Error("job given up", "error", err)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			err = errors.New(err.Error()) // a time limit of the engine is not the search's deadline
		}
		settled = a.fail(log, fmt.Errorf("%w after %d attempts, the last by worker %s: %w",
			policy.ErrPoison, a.start.Attempt, a.start.Worker, err))
	default:
		log.Warn("attempt at a job failed", "error", err)
		settled = a.putBack(retryDelay(a.start.Attempt))
	}
	if settled != nil {
		log.Warn("job cannot be settled", "error", settled)
	}
}

// putBack gives the job back, to be delivered again after a delay. No notification is
// sent then.
func (a *attempt) putBack(delay time.Duration) error {
	time.AfterFunc(delay+redeliveryLag, func() { a.worker.sources.check(a.partition) })
	return a.msg.NakWithDelay(delay)
}

// fail reports to the client that the job failed for good, and terminates it.
func (a *attempt) fail(log *slog.Logger, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.worker.cfg.AckWait/2)
	defer cancel()
	if a.job.Name != "" {
		if failed := a.reporter().fail(ctx, err); failed != nil {
			log.Error("failure of a job cannot be reported", "error", failed)
		}
	}
	return a.terminate(err.Error())
}

// terminate drops the message for good, with a reason for JetStream's advisory.
func (a *attempt) terminate(reason string) error {
	return a.msg.Respond([]byte("+TERM " + strings.ReplaceAll(reason, "\n", " ")))
}

// retryDelay returns how long a job waits after an attempt that failed: 250 ms after
// the first, and four times longer after each next.
func retryDelay(attempt int) time.Duration {
	return min(time.Minute, 250*time.Millisecond<<(2*min(attempt-1, 8)))
}

// An otherModelError is the error of a job for a model with another identity than the
// one that is here. Another worker may have it.
type otherModelError struct{ want, have reasoning.Model }

func (e *otherModelError) Error() string {
	return fmt.Sprintf("%v: want %+v, have %+v", policy.ErrModel, e.want, e.have)
}

func (e *otherModelError) Unwrap() error { return policy.ErrModel }
