//go:build real

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ponder-mesh/ponder/lab/evidence"
	engine "github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/pocket"
)

// An agreement compares the outputs of two engines with the same weights at temperature 0.
type agreement struct {
	Model     string  `json:"model"`
	Problems  int     `json:"problems"`
	Identical int     `json:"identical"`   // texts, byte for byte
	Drift     float64 `json:"logprob_gap"` // largest difference of a step's log-probability, where texts are identical
}

// agree compares the engine in this process with llama.cpp on every shipped policy.
func agree(ctx context.Context, l *lab) ([]agreement, error) {
	ps, err := problems.Take(l.n, problems.Options{Split: problems.Split(l.split), Seed: seed})
	if err != nil {
		return nil, err
	}
	var all []agreement
	for _, name := range models.List() {
		model, err := models.Open(name)
		if err != nil {
			if strings.Contains(name, "prm") {
				continue // a reward model
			}
			return nil, err
		}
		a, err := agreeOn(ctx, l, name, model, ps)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %d of %d texts identical, log-probabilities within %.2g\n",
			name, a.Identical, a.Problems, a.Drift)
		all = append(all, a)
	}
	return all, nil
}

// agreeOn compares the engines on one model.
func agreeOn(ctx context.Context, l *lab, name string, model *engine.Model, ps []problems.Problem) (agreement, error) {
	e := engine.NewEngine(model, engine.Options{Workers: 1})
	defer e.Close()
	local := pocket.New(e)
	server, err := l.pocketServer(name, model, l.slots)
	if err != nil {
		return agreement{}, err
	}
	defer server.stop()
	id := model.Identity()
	l.models = append(l.models, evidence.Identity{Name: id.Name, SHA256: id.SHA256, Params: int64(id.Parameters)})
	a := agreement{Model: name, Problems: len(ps)}
	for i, p := range ps {
		r := policy.Request{
			Search: fmt.Sprintf("agree-%d", i), Problem: p.Text, Ordinals: []int{0}, Span: policy.Whole,
			Sampling: reasoning.Sampling{Temperature: 0, TopP: 1, MaxTokens: 160},
		}
		got, err := only(withRetry(server).Expand(ctx, r))
		if err != nil {
			return a, err
		}
		want, err := only(local.Expand(ctx, r))
		if err != nil {
			return a, err
		}
		if g, w := reasoning.Join(got.Steps), reasoning.Join(want.Steps); g != w || got.Finish != want.Finish {
			fmt.Fprintf(os.Stderr, "%s problem %d: llama.cpp generates %q (%v), this process %q (%v)\n",
				name, i, g, got.Finish, w, want.Finish)
			continue
		}
		a.Identical++
		// Of the last step, only one engine counts the end-of-text token.
		for j := range min(len(got.Steps), len(want.Steps)) - 1 {
			a.Drift = max(a.Drift, math.Abs(got.Steps[j].LogProb-want.Steps[j].LogProb))
		}
	}
	return a, nil
}

// pocketServer returns a llama.cpp server of a shipped policy. The last arguments keep
// keys and values in 32 bits; llama.cpp's default is 16.
func (l *lab) pocketServer(name string, model *engine.Model, slots int) (*server, error) {
	gguf, err := models.File(name)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(l.cache, name+".gguf")
	if err := os.WriteFile(file, gguf, 0o644); err != nil {
		return nil, err
	}
	id := model.Identity()
	return newServer(l, name, id.SHA256, file, "pocket", int64(id.Parameters), slots,
		"-c", fmt.Sprint(slots*model.Context()), "-ctk", "f32", "-ctv", "f32")
}

// withRetry returns a backend of p that retries transient errors.
func withRetry(p policy.Policy) search.Backend {
	return backend.Retry(pair{Policy: p}, backend.Backoff{})
}

// only returns the only child of a sequence.
func only(seq func(func(policy.Child, error) bool)) (child policy.Child, err error) {
	for c, e := range seq {
		child, err = c, e
	}
	return child, err
}
