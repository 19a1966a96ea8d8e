package modelserver

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	Context int    `json:"max_model_len"` // most tokens of a prompt with its continuation; 0: the server does not say
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

// Ready returns the server's list of models if the server answers and lists the model, or lists no models at
// all, and its health page, if there is one, does not say that it is unavailable. Otherwise it
// returns an error that names the URL. llama.cpp lists its model while it loads it, and vLLM does
// after its engine has died.
func (c *Client) Ready(ctx context.Context, model string) ([]Model, error) {
	list, err := c.Models(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.Find(list, model); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, modelsTimeout)
	defer cancel()
	var status *StatusError
	err = c.Get(ctx, "/health", new(any))
	if errors.As(err, &status) && status.Status == http.StatusServiceUnavailable {
		return nil, err
	}
	return list, nil // without such a page, or with one that has no JSON
}

// Find returns the entry of a model in the server's list, without content if the list is empty,
// or an ErrNoModel that names the URL.
func (c *Client) Find(list []Model, model string) (Model, error) {
	var names []string
	for _, m := range list {
		if m.ID == model || m.ID == model+":latest" { // ollama's default tag
			m.Context = clamp(m.Context)
			return m, nil
		}
		names = append(names, m.ID)
	}
	if len(list) == 0 {
		return Model{}, nil
	}
	return Model{}, fmt.Errorf("%w: %s has %s, not %q (%s)", ErrNoModel, c.api, strings.Join(names, ", "), model,
		prefixed("check ", c.names.Model))
}

// LlamaContext returns the length of the context of one sequence, in tokens, that llama.cpp
// states at /props, or 0.
func (c *Client) LlamaContext(ctx context.Context) int {
	var props struct {
		Settings struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if err := c.Get(ctx, "/props", &props); err != nil {
		return 0
	}
	return clamp(props.Settings.Context)
}

// clamp returns the length of a context as a count that fits into a message.
func clamp(n int) int { return min(max(0, n), math.MaxInt32) }
