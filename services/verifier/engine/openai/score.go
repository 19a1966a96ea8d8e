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
// other, so that each finds its prefix in the server's cache.
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
	scores, tokens, err := e.score(ctx, problem, steps)
	if err == nil {
		err = r.Check(scores)
	}
	if err != nil {
		return verifier.Result{}, err
	}
	return verifier.Result{
		Scores: scores,
		Usage:  reasoning.Usage{Verifier: tokens, FLOPs: e.model.FLOPs(tokens)},
		Took:   time.Since(began),
	}, nil
}

// score requests the scores of steps and returns them with the number of tokens processed.
func (e *Engine) score(
	ctx context.Context, problem string, steps []string,
) (scores []float64, tokens int64, err error) {
	f := e.config.Family
	if f.pooled {
		var a pooled
		err = e.post(ctx, f.body(e.config.Model, problem, steps), &a)
		if err == nil {
			scores, err = a.scores()
		}
		return scores, a.Usage.processed(), err
	}
	for i := range steps {
		var a completion
		if err := e.post(ctx, f.body(e.config.Model, problem, steps[:i+1]), &a); err != nil {
			return nil, 0, err
		}
		score, err := a.score()
		if err != nil {
			return nil, 0, fmt.Errorf("step %d: %w", i, err)
		}
		scores = append(scores, score)
		tokens += a.Usage.processed()
	}
	return scores, tokens, nil
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
