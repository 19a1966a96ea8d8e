package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Expand implements policy.Policy. It sends a request per child or, with SharedSeed,
// one for all children. When a request fails, Expand starts no other, yields the
// children of the requests in flight, and then the error; if several fail, it prefers an
// error that only a person can mend. A text that the server aborts is continued where the
// template allows.
//
// The usage of a child is what the server states of its request: siblings that each read the
// prompt are each charged with it, as it was read or found in the cache. Wasted usage is
// the tokens received before a request was stopped, with the prompt's if the server
// stated them before its end.
func (e *Engine) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		p, err := e.prepare(ctx, r)
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		results := make(chan result, len(r.Ordinals)) // buffered: a slow caller blocks no request
		failed := make(chan struct{})
		go e.run(ctx, p, r, results, failed)

		yielded := 0
		var wasted reasoning.Cost
		for res := range results {
			if res.err != nil {
				wasted = wasted.Add(res.child.Cost().EndedBy(res.err))
				if err == nil {
					close(failed)
				}
				if err == nil || reasoning.Permanent(res.err) && !reasoning.Permanent(err) {
					err = res.err
				}
				continue
			}
			yielded++
			if !yield(res.child, nil) {
				cancel()
				for res := range results { // wait until all requests have ended
					wasted = wasted.Add(res.child.Cost().EndedBy(cmp.Or(res.err, context.Canceled)))
				}
				r.Wasted(wasted)
				return
			}
		}
		if err == nil && yielded < len(r.Ordinals) {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(policy.Child{}.WithCost(wasted), err)
		}
	}
}

// A result is a child or, with an error, the wasted usage of it.
type result struct {
	child policy.Child
	err   error
}

// prepare validates r and returns the protocol to send it with.
func (e *Engine) prepare(ctx context.Context, r policy.Request) (protocol, error) {
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
	d, err := e.detect(ctx)
	return protocolOf(d, e.config.Template.Chat), err
}

func textOf(r policy.Request) template.Text {
	return template.Text{Problem: r.Problem, Attempts: r.Attempts, Steps: r.Steps}
}

// run sends a result per child and closes results when all requests have ended. It
// starts no request after failed is closed or ctx has ended.
func (e *Engine) run(ctx context.Context, p protocol, r policy.Request, results chan<- result, failed <-chan struct{}) {
	defer close(results)
	acquire := func() bool {
		select {
		case <-ctx.Done():
			return false
		case <-failed:
			return false
		case e.slots <- struct{}{}:
			return true
		}
	}
	release := func() { <-e.slots }
	send := func(got []result) {
		for _, res := range got {
			results <- res
		}
	}

	remaining := r.Ordinals
	if e.sharesSeed(len(remaining)) {
		if !acquire() {
			return
		}
		var got []result
		got, remaining = e.sampleShared(ctx, p, r)
		release()
		send(got)
	}
	var requests sync.WaitGroup
	defer requests.Wait()
	for _, ordinal := range remaining {
		if !acquire() {
			return
		}
		requests.Go(func() {
			got, _ := e.sample(ctx, p, r, []int{ordinal})
			release()
			send(got)
		})
	}
}

// sharesSeed reports whether to request n children with one seed.
func (e *Engine) sharesSeed(n int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return n > 1 && e.config.SharedSeed && !e.single
}

// sampleShared requests all children with one seed and returns the ordinals that the
// server did not generate. If the server refuses, or generates fewer choices than
// requested, all later children are requested one by one.
func (e *Engine) sampleShared(ctx context.Context, p protocol, r policy.Request) (got []result, missing []int) {
	got, missing = e.sample(ctx, p, r, r.Ordinals)
	var status *modelserver.StatusError
	if len(got) == 1 && errors.As(got[0].err, &status) && unsupported[status.Status] {
		got, missing = nil, r.Ordinals
	}
	if len(missing) > 0 {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.single = true
	}
	return got, missing
}

// unsupported are the statuses with which servers refuse more than one choice.
var unsupported = map[int]bool{
	http.StatusBadRequest: true, http.StatusUnprocessableEntity: true,
	http.StatusInternalServerError: true, http.StatusNotImplemented: true,
}

// sample requests children with one seed. It returns their results, or a single result
// with an error, and the ordinals for which no event arrived.
func (e *Engine) sample(
	ctx context.Context, p protocol, r policy.Request, ordinals []int,
) (got []result, missing []int) {
	c := call{
		model: e.config.Model, template: e.config.Template, text: textOf(r), until: r.Stop,
		sampling: r.Sampling, seed: r.Seed.Child(ordinals[0]), n: len(ordinals),
	}
	if r.OnProgress != nil {
		c.progress = func(i, generated int, u usage) {
			if i > 0 {
				u = usage{} // the prompt is charged to the first child
			}
			r.OnProgress(ordinals[i], u.with(generated, e.model))
		}
	}
	if p.stops && r.Span == 1 && r.Stop == "" {
		c.stop = e.config.Template.Delimiter
	}
	samples := make([]*sample, c.n)
	for i := range samples {
		samples[i] = newSample(c, r.Span)
	}
	began := time.Now()
	u, err := e.finish(ctx, p, c, samples)
	e.show(samples)
	if err != nil {
		return []result{{policy.Child{Usage: wastedUsage(samples, u, e.model)}, err}}, nil
	}
	took := time.Since(began)
	for i, s := range samples {
		if !s.request.received && s.finish == 0 {
			missing = append(missing, ordinals[i])
			continue
		}
		child, err := s.child(ordinals[i], e.model, u)
		if err != nil {
			err = fmt.Errorf("%s: %w", e.client.URL(), err)
		}
		child.Generate = took
		child = child.NameExcess()
		got = append(got, result{child, err})
		u = usage{} // the prompt is charged to the first child
	}
	return got, missing
}
