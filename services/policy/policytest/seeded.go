package policytest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

func cutByTokens(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(policy.Whole, 0, 1, 2, 3)
	whole, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	for ordinal, full := range whole {
		if full.Usage.Generated < 2 || full.Finish != reasoning.FinishEnd {
			continue
		}
		r.Ordinals, r.Sampling.MaxTokens = []int{ordinal}, int(full.Usage.Generated)-1
		cut, err := collect(ctx, p, r)
		if err != nil {
			return err
		}
		got, want := cut[ordinal], reasoning.Join(full.Steps)
		if got.Finish != reasoning.FinishLength {
			return fmt.Errorf("child %d of %d tokens has finish %v when limited to one token less, want length",
				ordinal, full.Usage.Generated, got.Finish)
		}
		if text := reasoning.Join(got.Steps); !strings.HasPrefix(want, text) {
			return fmt.Errorf("child %d is %q when limited to one token less, want a prefix of %q", ordinal, text, want)
		}
	}
	return nil
}

func childIsItsSeed(ctx context.Context, p policy.Policy, o Options) error {
	for _, span := range []int{1, 2, policy.Whole} {
		siblings, err := collect(ctx, p, o.request(span, 0, 1, 2, 3, 4))
		if err != nil {
			return err
		}
		reversed, err := collect(ctx, p, o.request(span, 4, 3, 2, 1, 0))
		if err != nil {
			return err
		}
		elsewhere := o.request(span, 3)
		elsewhere.Search, elsewhere.Tenant, elsewhere.Node = "another-search", "another-tenant", "8.1"
		alone, err := collect(ctx, p, elsewhere)
		if err != nil {
			return err
		}
		for ordinal, c := range siblings {
			if err := same(reversed[ordinal], c); err != nil {
				return fmt.Errorf("span %d, child %d among siblings in another order: %w", span, ordinal, err)
			}
		}
		if err := same(alone[3], siblings[3]); err != nil {
			return fmt.Errorf("span %d, child 3 alone and in another search: %w", span, err)
		}
	}
	return nil
}

func wholeBeginsWithStep(ctx context.Context, p policy.Policy, o Options) error {
	whole, err := collect(ctx, p, o.request(policy.Whole, 0, 1, 2, 3))
	if err != nil {
		return err
	}
	for _, span := range []int{1, 2} {
		steps, err := collect(ctx, p, o.request(span, 0, 1, 2, 3))
		if err != nil {
			return err
		}
		for ordinal, want := range whole {
			if len(want.Steps) > span {
				want.Steps, want.Finish = want.Steps[:span], reasoning.FinishStep
			}
			if err := same(steps[ordinal], want); err != nil {
				return fmt.Errorf("child %d, span %d and whole: %w", ordinal, span, err)
			}
		}
	}
	return nil
}

// stops uses the last two bytes of the first step as the stop: usually a character and
// the delimiter.
func stops(ctx context.Context, p policy.Policy, o Options) error {
	whole, err := collect(ctx, p, o.request(policy.Whole, 0, 1, 2, 3))
	if err != nil {
		return err
	}
	for ordinal, full := range whole {
		first, text := full.Steps[0].Text, reasoning.Join(full.Steps)
		if len(full.Steps) < 2 || len(first) < 2 {
			continue
		}
		r := o.request(policy.Whole, ordinal)
		r.Stop = strings.ToValidUTF8(first[len(first)-2:], "")
		children, err := collect(ctx, p, r)
		if err != nil {
			return fmt.Errorf("stop %q: %w", r.Stop, err)
		}
		before, _, _ := strings.Cut(text, r.Stop)
		got, finish := reasoning.Join(children[ordinal].Steps), children[ordinal].Finish
		switch {
		case strings.Contains(strings.TrimSuffix(got, r.Stop), r.Stop):
			return fmt.Errorf("child %d goes on after %q: %q", ordinal, r.Stop, got)
		case !o.Random && (got != before+r.Stop || finish != reasoning.FinishStep):
			return fmt.Errorf("child %d is %q with finish %v at the stop %q, and %q without", ordinal, got, finish, r.Stop, text)
		}
	}
	return nil
}

// attemptsSeen shows a policy one of its own solutions as an earlier attempt: the
// prompt must grow, and at least one solution must change.
func attemptsSeen(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(policy.Whole, 0, 1, 2, 3, 4, 5, 6, 7)
	first, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	r.Attempts = []string{reasoning.Join(first[0].Steps)}
	second, err := collect(ctx, p, r)
	if err != nil {
		return fmt.Errorf("with an attempt: %w", err)
	}
	promptTokens := func(children map[int]policy.Child) (tokens int64) {
		for _, c := range children {
			tokens += c.Usage.Prompt + c.Usage.Cached
		}
		return tokens
	}
	if before, after := promptTokens(first), promptTokens(second); after <= before {
		return fmt.Errorf("the prompt has %d tokens with an attempt and %d without", after, before)
	}
	for ordinal := range first {
		if o.Random || same(first[ordinal], second[ordinal]) != nil {
			return nil
		}
	}
	return errors.New("an attempt changes none of 8 solutions")
}

func greedyAlike(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(policy.Whole, 0, 1, 2)
	r.Sampling.Temperature = 0
	children, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	for ordinal, c := range children {
		if err := same(c, children[0]); err != nil {
			return fmt.Errorf("children %d and 0 at temperature 0: %w", ordinal, err)
		}
	}
	return nil
}
