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

// classify marks an error of NATS as one of package reasoning's.
func classify(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && strings.Contains(api.Description, "maximum messages exceeded"):
		return fmt.Errorf("%w: the queue is full", reasoning.ErrOverloaded)
	case errors.Is(err, nats.ErrMaxPayload):
		return reasoning.Invalid("steps", "are too long for one message of the queue, together with problem and attempts")
	case errors.Is(err, context.Canceled):
		return err
	}
	return reasoning.Mark(fmt.Errorf("queue: %w", err), reasoning.ErrUnavailable)
}
