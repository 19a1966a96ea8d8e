package policytest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

func invalid(ctx context.Context, p policy.Policy, o Options) error {
	for _, c := range []struct {
		field, name string
		corrupt     func(*policy.Request)
	}{
		{"tenant", "not UTF-8", func(r *policy.Request) { r.Tenant = "\xff" }},
		{"node_id", "not UTF-8", func(r *policy.Request) { r.Node = "\xff" }},
		{"search_id", "empty", func(r *policy.Request) { r.Search = "" }},
		{"search_id", "a wildcard", func(r *policy.Request) { r.Search = "a.>" }},
		{"problem", "empty", func(r *policy.Request) { r.Problem = "" }},
		{"problem", "too long", func(r *policy.Request) { r.Problem = strings.Repeat("x", policy.MaxProblem+1) }},
		{"problem", "not UTF-8", func(r *policy.Request) { r.Problem = "\xff" }},
		{"steps", "too many", func(r *policy.Request) { r.Steps = make([]string, policy.MaxSteps+1) }},
		{"steps", "too long", func(r *policy.Request) { r.Steps = []string{strings.Repeat("x", policy.MaxPrefix+1)} }},
		{"steps", "not UTF-8", func(r *policy.Request) { r.Steps = []string{"\xff"} }},
		{"attempts", "too many", func(r *policy.Request) { r.Attempts = make([]string, policy.MaxAttempts+1) }},
		{"attempts", "too long", func(r *policy.Request) {
			r.Steps, r.Attempts = []string{"x"}, []string{strings.Repeat("x", policy.MaxPrefix)}
		}},
		{"attempts", "not UTF-8", func(r *policy.Request) { r.Attempts = []string{"\xff"} }},
		{"ordinals", "none", func(r *policy.Request) { r.Ordinals = nil }},
		{"ordinals", "too many", func(r *policy.Request) { r.Ordinals = make([]int, policy.MaxChildren+1) }},
		{"ordinals", "negative", func(r *policy.Request) { r.Ordinals = []int{-1} }},
		{"ordinals", "twice", func(r *policy.Request) { r.Ordinals = []int{1, 1} }},
		{"span", "negative", func(r *policy.Request) { r.Span = -1 }},
		{"span", "too long", func(r *policy.Request) { r.Span = policy.MaxSpan + 1 }},
		{"stop", "too long", func(r *policy.Request) { r.Stop = strings.Repeat("x", policy.MaxStop+1) }},
		{"stop", "not UTF-8", func(r *policy.Request) { r.Stop = "\xff" }},
		{"sampling.temperature", "NaN", func(r *policy.Request) { r.Sampling.Temperature = math.NaN() }},
		{"sampling.temperature", "too high", func(r *policy.Request) { r.Sampling.Temperature = 2.1 }},
		{"sampling.top_p", "zero", func(r *policy.Request) { r.Sampling.TopP = 0 }},
		{"sampling.max_tokens", "none", func(r *policy.Request) { r.Sampling.MaxTokens = 0 }},
		{"sampling.max_tokens", "too many", func(r *policy.Request) { r.Sampling.MaxTokens = policy.MaxTokens + 1 }},
	} {
		r := o.request(1, 0)
		c.corrupt(&r)
		children, err := collect(ctx, p, r)
		var rule *reasoning.InvalidError
		switch {
		case !errors.As(err, &rule) || !errors.Is(err, reasoning.ErrInvalid):
			return fmt.Errorf("%s %s: got error %v, want an InvalidError", c.field, c.name, err)
		case rule.Field != c.field || rule.Rule == "":
			return fmt.Errorf("%s %s: got field %q and rule %q", c.field, c.name, rule.Field, rule.Rule)
		case len(children) > 0:
			return fmt.Errorf("%s %s: got %d children", c.field, c.name, len(children))
		}
	}
	_, err := collect(ctx, p, o.request(1, 0)) // the policy still serves valid requests
	return err
}

func wrongModel(ctx context.Context, p policy.Policy, o Options) error {
	model, err := p.Model(ctx)
	if err != nil {
		return err
	}
	r := o.request(1, 0)
	r.Model = model.Model
	if _, err := collect(ctx, p, r); err != nil {
		return fmt.Errorf("own model: %w", err)
	}
	if o.Queued {
		return nil
	}
	r.Model.Name = "no-such-model"
	if children, err := collect(ctx, p, r); !errors.Is(err, policy.ErrModel) || len(children) > 0 {
		return fmt.Errorf("other model: got %d children and error %v, want ErrModel", len(children), err)
	}
	return nil
}
