package openai

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

const (
	probeTimeout = time.Minute      // within which a server has to generate a token: it may have to load the model
	probeEvery   = 10 * time.Second // between two probes of a server that could not be reached
)

// probe finds out what the server can do, if that is not known, by a request for one token. It
// waits for the end of the request or of ctx, and returns an error only if ctx ends first: a
// server that fails the request is as ready as before.
func (e *Engine) probe(ctx context.Context) error {
	e.mu.Lock()
	c := e.capabilities()
	known := c.Counts != reasoning.SupportUnknown && c.LogProbs != reasoning.SupportUnknown &&
		(c.Continues != reasoning.SupportUnknown || e.shown.Counts != reasoning.SupportUnknown)
	if known || e.probing == nil && (e.probed || time.Now().Before(e.nextProbe)) {
		e.mu.Unlock()
		return nil
	}
	if e.probing == nil {
		e.probing = make(chan struct{})
		e.background.Go(e.ask)
	}
	probing := e.probing
	e.mu.Unlock()
	select {
	case <-probing:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %s has not generated its first token", reasoning.ErrUnavailable, e.client.URL())
	}
}

// ask sends the request of a probe. A server may refuse to continue a chat: then ask sends a
// request without a text to continue.
func (e *Engine) ask() {
	ctx, cancel := context.WithTimeout(e.open, probeTimeout)
	defer cancel()
	e.mu.Lock()
	p := protocolOf(e.dialect, e.config.Template.Chat)
	e.mu.Unlock()
	c := call{
		model: e.config.Model, template: e.config.Template, text: template.Text{Problem: "How many are 1 and 1?"},
		sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 1}, seed: 1, n: 1,
	}
	continues := reasoning.SupportUnknown
	if e.config.Template.Chat {
		c.text.Steps = []string{"1"}
	}
	s := newSample(c, policy.Whole)
	u, err := e.stream(ctx, p, c, []*sample{s})
	var status *modelserver.StatusError
	switch refused := errors.As(err, &status) && (status.Status == http.StatusBadRequest || status.Status == http.StatusUnprocessableEntity); {
	case refused && e.config.Template.Chat:
		c.text.Steps = nil
		s = newSample(c, policy.Whole)
		if u, err = e.stream(ctx, p, c, []*sample{s}); err == nil {
			continues = reasoning.SupportNo
		}
	case err == nil && e.Dialect() == DialectLlamaCpp:
		continues = reasoning.SupportYes
	}
	e.show([]*sample{s})

	e.mu.Lock()
	defer e.mu.Unlock()
	if continues != reasoning.SupportUnknown {
		e.shown.Continues = continues
	}
	e.probed, e.nextProbe = err == nil || !reasoning.Transient(err), time.Now().Add(probeEvery)
	close(e.probing)
	e.probing = nil
	can := e.capabilities()
	slog.Info("asked a model server for one token, which is on no bill, to find out what it can do",
		"url", e.client.URL(), "prompt", u.prompt, "generated", s.count.least(), "counts", can.Counts.String(),
		"log_probs", can.LogProbs.String(), "continues", can.Continues.String(), "error", err)
}
