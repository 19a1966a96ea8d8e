package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// streamLimit returns the most bytes that a server may send for a number of tokens; it
// wraps each in a few hundred bytes.
func streamLimit(tokens int) int64 { return modelserver.MaxFrame + int64(tokens)*(4<<10) }

// stream sends a request and reads its response until all choices are finished. With an
// error it returns the unfinished samples.
func (e *Engine) stream(ctx context.Context, p protocol, c call, span int) ([]*sample, usage, error) {
	what := fmt.Sprintf("POST %s (%s)", e.client.URL(), p.path)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	idle := time.AfterFunc(e.config.Idle, func() {
		stop(fmt.Errorf("%w: no event for %v", reasoning.ErrUnavailable, e.config.Idle))
	})
	defer idle.Stop()

	body, err := e.client.Stream(ctx, p.path, p.body(c))
	if err != nil {
		var status *modelserver.StatusError
		if errors.As(err, &status) && status.Status == http.StatusNotFound {
			err = reasoning.Mark(err, policy.ErrModel)
		}
		return nil, usage{}, err
	}
	defer body.Close()

	samples := make([]*sample, c.n)
	for i := range samples {
		samples[i] = &sample{template: c.template, span: span, until: c.until}
	}
	var u usage
	for data, err := range p.frames(io.LimitReader(body, streamLimit(c.n*c.sampling.MaxTokens))) {
		if err != nil {
			return samples, u, modelserver.Broken(ctx, what, err)
		}
		idle.Reset(e.config.Idle)
		if bytes.Equal(data, []byte("[DONE]")) {
			break
		}
		if err := modelserver.StreamError(what, data); err != nil {
			return samples, u, err
		}
		f, err := p.parse(data)
		if err != nil {
			return samples, u, modelserver.Broken(ctx, what, fmt.Errorf("event %.200q: %w", data, err))
		}
		if f.usage != nil {
			u = *f.usage
		}
		for _, ev := range f.events {
			if ev.choice < 0 || ev.choice >= len(samples) {
				return samples, u, fmt.Errorf("%s: got choice %d of %d", what, ev.choice, len(samples))
			}
			if err := samples[ev.choice].add(ev); err != nil {
				return samples, u, fmt.Errorf("%s: %w", what, err)
			}
		}
		if canStop(samples, c.stop != "") {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return samples, u, modelserver.Broken(ctx, what, err)
	}
	if c.n == 1 {
		samples[0].sampled = max(samples[0].sampled, u.generated)
	}
	for _, s := range samples {
		if s.finish == 0 && (s.received || !samples[0].received) {
			return samples, u, modelserver.Broken(ctx, what, errors.New("the stream ended before the text did"))
		}
	}
	return samples, u, nil
}

// canStop reports whether to stop reading a stream before the server ends it: all
// choices are finished, and the server has not ended all of them itself, in which case
// it is about to send the usage and end the stream. A server with a stop string ends
// the choices itself, too, unless it is seen to send more.
func canStop(samples []*sample, stopString bool) bool {
	ended, overrun := true, false
	for _, s := range samples {
		if s.finish == 0 {
			return false
		}
		ended = ended && s.ended
		overrun = overrun || s.overrun
	}
	return !ended && (overrun || !stopString)
}
