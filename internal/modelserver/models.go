package modelserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

// modelsTimeout is how long a server may take to list its models, or to serve its health page.
const modelsTimeout = 10 * time.Second

// Models returns the server's list of models.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	cause := fmt.Errorf("%w: no response within %v", reasoning.ErrUnavailable, modelsTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, modelsTimeout, cause)
	defer cancel()
	var list struct {
		Data []Model `json:"data"`
	}
	err := c.Get(ctx, "models", &list)
	return list.Data, err
}

// Ready returns nil if the server answers and lists the model, or lists no models at
// all, and its health page, if there is one, does not say that it is unavailable. Otherwise it
// returns an error that names the URL. llama.cpp lists its model while it loads it, and vLLM does
// after its engine has died.
func (c *Client) Ready(ctx context.Context, model string) error {
	list, err := c.Models(ctx)
	if err != nil {
		return err
	}
	if err := c.find(list, model); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, modelsTimeout)
	defer cancel()
	var status *StatusError
	err = c.Get(ctx, "/health", new(any))
	if errors.As(err, &status) && status.Status == http.StatusServiceUnavailable {
		return err
	}
	return nil // without such a page, or with one that has no JSON
}

// find returns nil if a list has the model or is empty, otherwise an ErrNoModel.
func (c *Client) find(list []Model, model string) error {
	var names []string
	for _, m := range list {
		if m.ID == model || m.ID == model+":latest" { // ollama's default tag
			return nil
		}
		names = append(names, m.ID)
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s has %s, not %q (%s)", ErrNoModel, c.api, strings.Join(names, ", "), model,
		prefixed("check ", c.names.Model))
}
