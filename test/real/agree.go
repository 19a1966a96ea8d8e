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

// An agreement is how alike two engines with the same weights write at temperature 0.
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
				continue // a judge
			}
			return nil, err
		}
		a, err := agreeOn(ctx, l, name, model, ps)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %d of %d texts identical, log-probabilities within %.2g\n", name, a.Identical, a.Problems, a.Drift)
		all = append(all, a)
	}
	return all, nil
}

func agreeOn(ctx context.Context, l *lab, name string, model *engine.Model, ps []problems.Problem) (agreement, error) {
	e := engine.NewEngine(model, engine.Options{Workers: 1})
	defer e.Close()
	here := pocket.New(e)
	there, err := l.pocketServer(name, model, l.slots)
	if err != nil {
		return agreement{}, err
	}
	defer there.stop()
	id := model.Identity()
	l.models = append(l.models, evidence.Identity{Name: id.Name, SHA256: id.SHA256, Params: int64(id.Parameters)})
	a := agreement{Model: name, Problems: len(ps)}
	for i, p := range ps {
		r := policy.Request{
			Search: fmt.Sprintf("agree-%d", i), Problem: p.Text, Ordinals: []int{0}, Span: policy.Whole,
			Sampling: reasoning.Sampling{Temperature: 0, TopP: 1, MaxTokens: 160},
		}
		got, err := only(patient(there).Expand(ctx, r))
		if err != nil {
			return a, err
		}
		want, err := only(here.Expand(ctx, r))
		if err != nil {
			return a, err
		}
		if reasoning.Join(got.Steps) != reasoning.Join(want.Steps) || got.Finish != want.Finish {
			fmt.Fprintf(os.Stderr, "%s problem %d: llama.cpp writes %q (%v), this process %q (%v)\n", name, i, reasoning.Join(got.Steps), got.Finish, reasoning.Join(want.Steps), want.Finish)
			continue
		}
		a.Identical++
		for j := range min(len(got.Steps), len(want.Steps)) - 1 { // the last has the end of the text in one and not in the other
			a.Drift = max(a.Drift, math.Abs(got.Steps[j].LogProb-want.Steps[j].LogProb))
		}
	}
	return a, nil
}

// pocketServer is llama.cpp with a shipped policy and so many slots. It keeps keys and
// values in 16 bits unless told otherwise.
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
	return newServer(l, name, id.SHA256, file, "pocket", int64(id.Parameters), slots, "-c", fmt.Sprint(slots*model.Context()), "-ctk", "f32", "-ctv", "f32")
}

// patient asks again where llama.cpp has closed an idle connection.
func patient(p policy.Policy) search.Backend {
	return backend.Retry(sides{Policy: p}, backend.Backoff{})
}

// only is the one child of a sequence.
func only(seq func(func(policy.Child, error) bool)) (child policy.Child, err error) {
	for c, e := range seq {
		child, err = c, e
	}
	return child, err
}
