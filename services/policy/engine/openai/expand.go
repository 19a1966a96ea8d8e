package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Expand asks the server for each child on its own, or, with SharedSeed, for all
// together. When one fails, those that are being written are still given, and
// then the error.
//
// Usage has the prefix's tokens once, on the first child, as the server counted
// them there; FLOPs have also what siblings had to read again. What was written in
// vain is what had come when it was stopped, without its prefix: servers tell what
// they read at the end.
func (e *Engine) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		p, err := e.begin(ctx, r)
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		results := make(chan result, len(r.Ordinals)) // so that a slow reader holds nothing up
		failed := make(chan struct{})
		go e.run(ctx, p, r, results, failed)

		given, charged := 0, false
		var vain reasoning.Usage
		for res := range results {
			if res.err != nil {
				vain = vain.Add(res.child.Usage)
				if err == nil {
					err = res.err
					close(failed)
				}
				continue
			}
			c := res.child
			if charged {
				c.Usage.Prompt, c.Usage.Cached = 0, 0
			}
			charged = charged || c.Usage.Prompt+c.Usage.Cached > 0
			given++
			if !yield(c, nil) {
				leave()
				for range results { // until all requests are stopped
				}
				return
			}
		}
		if err == nil && given < len(r.Ordinals) {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(policy.Child{Usage: vain}, err)
		}
	}
}

// A result is a child, or beside an error the usage of what was written of it.
type result struct {
	child policy.Child
	err   error
}

func (e *Engine) begin(ctx context.Context, r policy.Request) (protocol, error) {
	if err := ctx.Err(); err != nil {
		return protocol{}, err
	}
	if err := r.Validate(); err != nil {
		return protocol{}, err
	}
	if !r.Model.Accepts(e.model) {
		return protocol{}, fmt.Errorf("%w: want %+v, have %+v", policy.ErrModel, r.Model, e.model)
	}
	if err := e.config.Template.Check(textOf(r)); err != nil {
		return protocol{}, err
	}
	d, err := e.speak(ctx)
	return protocolOf(d, e.config.Template.Chat), err
}

func textOf(r policy.Request) template.Text {
	return template.Text{Problem: r.Problem, Attempts: r.Attempts, Steps: r.Steps}
}

// run sends a result a child, and closes results when nothing runs any more. It
// begins nothing new once failed is closed or ctx has ended.
func (e *Engine) run(ctx context.Context, p protocol, r policy.Request, results chan<- result, failed <-chan struct{}) {
	defer close(results)
	begin := func() bool {
		select {
		case <-ctx.Done():
			return false
		case <-failed:
			return false
		case e.slots <- struct{}{}:
			return true
		}
	}
	end := func() { <-e.slots }
	send := func(got []result) {
		for _, res := range got {
			results <- res
		}
	}

	left := r.Ordinals
	if e.shares(len(left)) {
		if !begin() {
			return
		}
		var got []result
		got, left = e.together(ctx, p, r)
		end()
		send(got)
	}
	var all sync.WaitGroup
	defer all.Wait()
	for _, ordinal := range left {
		if !begin() {
			return
		}
		all.Go(func() {
			got, _ := e.sample(ctx, p, r, []int{ordinal})
			end()
			send(got)
		})
	}
}

// shares says whether n children are asked for together.
func (e *Engine) shares(n int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return n > 1 && e.config.SharedSeed && !e.single
}

// together asks for all children by one request, and says which did not come. It
// is the probe, too: a server that refuses, or that makes one choice of n, is
// not asked so again.
func (e *Engine) together(ctx context.Context, p protocol, r policy.Request) (got []result, missing []int) {
	got, missing = e.sample(ctx, p, r, r.Ordinals)
	var status *modelserver.StatusError
	if len(got) == 1 && errors.As(got[0].err, &status) && refusals[status.Status] {
		got, missing = nil, r.Ordinals
	}
	if len(missing) > 0 {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.single = true
	}
	return got, missing
}

var refusals = map[int]bool{
	http.StatusBadRequest: true, http.StatusUnprocessableEntity: true,
	http.StatusInternalServerError: true, http.StatusNotImplemented: true,
}

// sample asks for some children by one request. It returns their results, or one
// that is an error, and those of which the server said nothing.
func (e *Engine) sample(ctx context.Context, p protocol, r policy.Request, ordinals []int) (got []result, missing []int) {
	c := call{
		model: e.config.Model, template: e.config.Template, text: textOf(r), until: r.Stop,
		sampling: r.Sampling, seed: r.Seed.Child(ordinals[0]), n: len(ordinals),
	}
	if p.stops && r.Span == 1 && r.Stop == "" {
		c.stop = e.config.Template.Delimiter
	}
	began := time.Now()
	samples, u, err := e.stream(ctx, p, c, r.Span)
	if err != nil {
		return []result{{policy.Child{Usage: vain(samples, e.model)}, err}}, nil
	}
	took := time.Since(began)
	for i, s := range samples {
		if !s.heard {
			missing = append(missing, ordinals[i])
			continue
		}
		child, err := s.child(ordinals[i], e.model, u)
		if err != nil {
			err = fmt.Errorf("%s: %w", e.client.URL(), err)
		}
		child.Generate = took
		got = append(got, result{child, err})
		u = usage{} // the others found the prefix read
	}
	return got, missing
}

// streamLimit is how much a server may send for so many tokens, each of which it
// wraps in a few hundred bytes.
func streamLimit(tokens int) int64 { return modelserver.MaxFrame + int64(tokens)*(4<<10) }

// stream reads one answer until its choices are finished. Beside an error come the
// samples as far as they are.
func (e *Engine) stream(ctx context.Context, p protocol, c call, span int) ([]*sample, usage, error) {
	what := fmt.Sprintf("POST %s (%s)", e.client.URL(), p.path)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	idle := time.AfterFunc(e.config.Idle, func() {
		stop(fmt.Errorf("%w: nothing came for %v", reasoning.ErrUnavailable, e.config.Idle))
	})
	defer idle.Stop()

	body, err := e.client.Stream(ctx, p.path, p.body(c))
	if err != nil {
		var status *modelserver.StatusError
		if errors.As(err, &status) && status.Status == http.StatusNotFound {
			err = fmt.Errorf("%w: %w", policy.ErrModel, err)
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
				return samples, u, fmt.Errorf("%s: choice %d of %d", what, ev.choice, len(samples))
			}
			if err := samples[ev.choice].add(ev); err != nil {
				return samples, u, fmt.Errorf("%s: %w", what, err)
			}
		}
		if enough(samples, c.stop != "") {
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
		if s.finish == 0 && (s.heard || !samples[0].heard) {
			return samples, u, modelserver.Broken(ctx, what, errors.New("the stream ended before the text did"))
		}
	}
	return samples, u, nil
}

// enough says whether the rest of a stream can be called off: all choices are
// finished, and not all by the server, which would end the stream itself and tell
// the usage first. Nor does a server that was given a stop string, unless it
// goes on all the same.
func enough(samples []*sample, stopped bool) bool {
	ended, over := true, false
	for _, s := range samples {
		if s.finish == 0 {
			return false
		}
		ended = ended && s.ended
		over = over || s.over
	}
	return !ended && (over || !stopped)
}
