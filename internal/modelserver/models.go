package modelserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// ErrNoModel is a server that has other models than the one asked for.
var ErrNoModel = errors.New("model is not there")

// A Model is an entry of a server's list. OwnedBy tells the kind of server.
type Model struct {
	ID      string `json:"id"`
	OwnedBy string `json:"owned_by"`
}

// Models is the server's list.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w: no answer in %v", reasoning.ErrUnavailable, patience))
	defer cancel()
	var list struct {
		Data []Model `json:"data"`
	}
	err := c.Get(ctx, "models", &list)
	return list.Data, err
}

// Ready returns an error that names the URL unless the server answers and has the
// model, or lists none at all.
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
	return fmt.Errorf("%w: %s has %s, not %q", ErrNoModel, c.api, strings.Join(names, ", "), model)
}
