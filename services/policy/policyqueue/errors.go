package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// electionTime is the advised delay of requests to a stream without a leader: an election of
// JetStream takes up to about nine seconds, fewer than the pauses of backend.Retry together.
const electionTime = 4 * time.Second

// classify converts the error of a request to NATS that was made for a caller with ctx. If
// ctx has ended, it returns the error of ctx. A time limit of the request alone becomes
// ErrUnavailable, which the caller may retry.
func classify(ctx context.Context, err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &api) && strings.Contains(api.Description, "maximum messages exceeded"):
		return fmt.Errorf("%w: the queue is full: retry later, or start more workers", reasoning.ErrOverloaded)
	case errors.Is(err, nats.ErrMaxPayload):
		return reasoning.Invalid("steps", "are too long for one message of NATS, together with problem and attempts: "+
			"shorten them, or raise max_payload of the server")
	case errors.Is(err, jetstream.ErrNoStreamResponse): // no server has the stream, or none leads it
		err = fmt.Errorf("no NATS server serves the queue: a cluster that elects its leader will in some seconds; "+
			"otherwise start a planner of the model, which creates it: %w", err)
		return reasoning.WithDelay(reasoning.Mark(err, reasoning.ErrUnavailable), electionTime)
	case errors.Is(err, jetstream.ErrStreamNotFound):
		err = fmt.Errorf("the queue does not exist: start a planner of the model, which creates it: %w", err)
		return reasoning.Mark(err, reasoning.ErrUnavailable)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: NATS did not respond within %v: is the server overloaded?",
			reasoning.ErrUnavailable, natsTimeout)
	}
	return reasoning.Mark(fmt.Errorf("queue: %w", err), reasoning.ErrUnavailable)
}

// An otherModelError is the error of a job for a model of the same name with another
// version, tokenizer or template than the worker's. Another worker may serve it.
type otherModelError struct{ want, have reasoning.Model }

func (e *otherModelError) Error() string {
	return fmt.Sprintf("%v: the request is for %+v, the worker serves %+v", policy.ErrModel, e.want, e.have)
}

func (e *otherModelError) Unwrap() error { return policy.ErrModel }
