package modelserver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// ErrNoModel indicates that a server does not have the requested model.
var ErrNoModel = reasoning.NewError(reasoning.KindPrecondition, "MODEL_NOT_FOUND", "model not found")

// A Model is an entry of a server's list. OwnedBy identifies the kind of server.
type Model struct {
	ID      string `json:"id"`
	OwnedBy string `json:"owned_by"`
}

// Models returns the server's list of models.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	const timeout = 10 * time.Second
	cause := fmt.Errorf("%w: no response within %v", reasoning.ErrUnavailable, timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, cause)
	defer cancel()
	var list struct {
		Data []Model `json:"data"`
	}
	err := c.Get(ctx, "models", &list)
	return list.Data, err
}

// Ready returns nil if the server answers and lists the model, or lists no models at
// all, otherwise an error that names the URL.
func (c *Client) Ready(ctx context.Context, model string) error {
	list, err := c.Models(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	var names []string
	for _, m := range list {
		if m.ID == model || m.ID == model+":latest" { // ollama's default tag
			return nil
		}
		names = append(names, m.ID)
	}
	return fmt.Errorf("%w: %s has %s, not %q (%s)", ErrNoModel, c.api, strings.Join(names, ", "), model,
		prefixed("check ", c.names.Model))
}
