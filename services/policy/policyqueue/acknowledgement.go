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

// redeliveryLag is how much later than after the delay of a Nak JetStream may deliver a job
// again.
const redeliveryLag = 10 * time.Millisecond

// acknowledge acknowledges the attempt's message: by an Ack if the job is done or
// cancelled, by a Nak if another attempt may succeed, and otherwise by a Term, which removes
// the job. If that fails, JetStream delivers the job again after AckWait.
func (a *attempt) acknowledge(err error) {
	log := slog.With("worker", a.start.Worker, "search", a.search, "job", a.id, "attempt", a.start.Attempt)
	var other *otherModelError
	var failed error
	switch last := a.start.Attempt >= a.worker.cfg.MaxDeliver; {
	case err == nil, errors.Is(err, errCancelled):
		failed = a.msg.Ack()
	case errors.Is(err, nats.ErrConnectionClosed):
		return // nothing can be sent
	case errors.Is(err, errDeadline):
		failed = a.terminate("the deadline has passed")
	case errors.Is(err, errStopped):
		failed = a.msg.Nak()
	case reasoning.Permanent(err) && !errors.As(err, &other):
		log.Error("job failed: no attempt can succeed", "error", err)
		failed = a.fail(log, err)
	case errors.Is(err, errNoClient) && last: // a client that returns finds that the stream has lost the job
		log.Warn("job dropped: no client waits for it", "error", err)
		failed = a.terminate(err.Error())
	case errors.Is(err, errNoClient):
		failed = a.retry(a.worker.cfg.AckWait)
	case last:
		log.Error("job failed in its last attempt", "error", err)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			err = errors.New(err.Error()) // a time limit of the Policy is not the search's deadline
		}
		failed = a.fail(log, fmt.Errorf("%w after %d attempts, the last by worker %s: %w",
			policy.ErrPoison, a.start.Attempt, a.start.Worker, err))
	default:
		log.Warn("attempt failed: the job is attempted again", "error", err)
		failed = a.retry(max(retryDelay(a.start.Attempt), reasoning.Delay(err)))
	}
	if failed != nil {
		log.Warn("job is not acknowledged: JetStream will deliver it again", "error", failed)
	}
}

// retry returns the job to the queue. JetStream delivers it again after the delay, without a
// notification.
func (a *attempt) retry(delay time.Duration) error {
	time.AfterFunc(delay+redeliveryLag, func() { a.worker.sources.check(a.partition) })
	return a.msg.NakWithDelay(delay)
}

// fail reports to the client that the job failed, and removes the job.
func (a *attempt) fail(log *slog.Logger, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.worker.cfg.AckWait/2)
	defer cancel()
	if a.job.Name != "" {
		if reported := a.reporter().fail(ctx, err); reported != nil {
			log.Error("failure of the job is not reported: its client will find that the job is lost", "error", reported)
		}
	}
	return a.terminate(err.Error())
}

// terminate removes the job from the queue. JetStream's advisory has the reason.
func (a *attempt) terminate(reason string) error {
	return a.msg.Respond([]byte("+TERM " + strings.ReplaceAll(reason, "\n", " ")))
}

// retryDelay returns how long a job waits after an attempt that failed: 250 ms after the
// first, and four times as long after each further one, at most a minute.
func retryDelay(attempt int) time.Duration {
	return min(time.Minute, 250*time.Millisecond<<(2*min(attempt-1, 8)))
}
