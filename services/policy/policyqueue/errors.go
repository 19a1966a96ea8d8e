package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
)

// classify returns an error of a request to NATS as one of package reasoning's. If ctx,
// which is the caller's, has ended, that is the error. A shorter time limit of the request
// itself is ErrUnavailable: the caller may retry.
func classify(ctx context.Context, err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &api) && strings.Contains(api.Description, "maximum messages exceeded"):
		return fmt.Errorf("%w: the queue is full", reasoning.ErrOverloaded)
	case errors.Is(err, nats.ErrMaxPayload):
		return reasoning.Invalid("steps", "are too long for one message of the queue, together with problem and attempts")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: NATS did not respond within %v: is the server overloaded?", reasoning.ErrUnavailable, natsTimeout)
	}
	return reasoning.Mark(fmt.Errorf("queue: %w", err), reasoning.ErrUnavailable)
}
