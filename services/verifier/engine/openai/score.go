package openai

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Score implements verifier.Verifier. The model reads each step without the white space
// around it. Where each step needs a request, the requests are sent one after the
// other, so that each finds its prefix in the server's cache. If one fails, those before it are
// billed as failed.
func (e *Engine) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if err := ctx.Err(); err != nil {
		return verifier.Result{}, err
	}
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	f := e.config.Family
	problem := f.escape(r.Problem)
	steps := make([]string, len(r.Steps))
	for i, s := range r.Steps {
		steps[i] = f.escape(strings.TrimSpace(s))
	}
	began := time.Now()
	scores, used, err := e.score(ctx, problem, steps)
	if err == nil {
		err = r.Check(scores)
	}
	if err != nil {
		return verifier.Failed(reasoning.Cost{Usage: used}, err), err
	}
	return verifier.Result{Scores: scores, Usage: used, Took: time.Since(began)}, nil
}

// score requests the scores of steps. It returns them with what the model processed, also with an
// error.
func (e *Engine) score(
	ctx context.Context, problem string, steps []string,
) (scores []float64, used reasoning.Usage, err error) {
	f := e.config.Family
	if f.pooled {
		var a pooled
		used, err = e.request(ctx, problem, steps, &a, &a.Usage)
		if err == nil {
			scores, err = a.scores()
		}
		return scores, used, err
	}
	for i := range steps {
		var a completion
		u, err := e.request(ctx, problem, steps[:i+1], &a, &a.Usage)
		used = used.Add(u)
		if err != nil {
			return nil, used, err
		}
		score, err := a.score()
		if err != nil {
			return nil, used, fmt.Errorf("step %d: %w", i, err)
		}
		scores = append(scores, score)
	}
	return scores, used, nil
}

// request sends a request for steps, and returns what it has cost, by the usage u of its answer.
func (e *Engine) request(ctx context.Context, problem string, steps []string, answer any, u *usage) (reasoning.Usage, error) {
	if err := e.post(ctx, e.config.Family.body(e.config.Model, problem, steps), answer); err != nil {
		return reasoning.Usage{}, err
	}
	size := len(problem)
	for _, s := range steps {
		size += len(s)
	}
	if err := u.check(size); err != nil {
		return reasoning.Usage{}, fmt.Errorf("%s: %w", e.client.URL(), err)
	}
	return u.cost(e.model.Model), nil
}

func (e *Engine) post(ctx context.Context, body, answer any) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	}
	late := fmt.Errorf("%w: no response within %v", reasoning.ErrUnavailable, e.config.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, e.config.Timeout, late)
	defer cancel()
	return e.client.Post(ctx, e.config.Family.path, body, answer)
}
