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

var checks = []check{
	{name: "model is stable", run: modelIsStable},
	{name: "capabilities hold", run: capabilitiesHold},
	{name: "each ordinal comes once", run: eachOrdinalOnce},
	{name: "span bounds the steps", run: spanBounds},
	{name: "steps can be continued", run: continues},
	{name: "tokens are bounded", run: tokensBounded},
	{name: "cut by tokens", seeded: true, run: cutByTokens},
	{name: "prompt is charged", run: promptCharged},
	{name: "a child is its seed and ordinal", seeded: true, run: childIsItsSeed},
	{name: "a sample's first step is the step's sample", seeded: true, run: wholeBeginsWithStep},
	{name: "a stop ends the text", run: stops},
	{name: "attempts are seen", run: attemptsSeen},
	{name: "greedy siblings are alike", seeded: true, run: greedyAlike},
	{name: "invalid requests", run: invalid},
	{name: "wrong model", run: wrongModel},
	{name: "queued requests start", run: starts},
	{name: "progress is reported", run: progressReported},
	{name: "cancelled before the start", run: cancelledBefore},
	{name: "cancelled in the middle", run: cancelledInTheMiddle},
	{name: "many at once", run: manyAtOnce},
}

func modelIsStable(ctx context.Context, p policy.Policy, o Options) error {
	first, err := p.Model(ctx)
	if err != nil {
		return err
	}
	if first.Name == "" {
		return errors.New("model has no name")
	}
	if _, err := collect(ctx, p, o.request(1, 0)); err != nil {
		return err
	}
	second, err := p.Model(ctx)
	if err == nil && first.Model != second.Model {
		err = fmt.Errorf("model changes from %+v to %+v", first.Model, second.Model)
	}
	return err
}

func eachOrdinalOnce(ctx context.Context, p policy.Policy, o Options) error {
	for _, ordinals := range [][]int{{0}, {5}, {0, 1, 2, 3, 4, 5, 6, 7}, {9, 3, math.MaxInt32, 0}} {
		if _, err := collect(ctx, p, o.request(1, ordinals...)); err != nil {
			return fmt.Errorf("ordinals %v: %w", ordinals, err)
		}
	}
	return nil
}

func spanBounds(ctx context.Context, p policy.Policy, o Options) error {
	for _, span := range []int{1, 2, 3, policy.MaxSpan, policy.Whole} {
		if _, err := collect(ctx, p, o.request(span, 0, 1, 2)); err != nil {
			return fmt.Errorf("span %d: %w", span, err)
		}
	}
	return nil
}

// continues expands child after child until the text ends, at most eight steps deep.
func continues(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(1, 0)
	for range 8 {
		children, err := collect(ctx, p, r)
		if err != nil {
			return fmt.Errorf("after %d steps: %w", len(r.Steps), err)
		}
		c := children[0]
		if c.Finish != reasoning.FinishStep {
			return nil
		}
		r.Steps = append(r.Steps, reasoning.Texts(c.Steps)...)
		r.Seed = r.Seed.Child(0)
		r.Node = strings.TrimPrefix(r.Node+".0", ".")
	}
	return nil
}

func tokensBounded(ctx context.Context, p policy.Policy, o Options) error {
	for _, bound := range []int{1, 2, 5} {
		r := o.request(policy.Whole, 0, 1, 2)
		r.Sampling.MaxTokens = bound
		if _, err := collect(ctx, p, r); err != nil {
			return fmt.Errorf("at most %d tokens: %w", bound, err)
		}
	}
	return nil
}

// promptCharged checks that a prefix which is read once is charged once, and that each child
// which reads it for itself is charged with the same tokens.
func promptCharged(ctx context.Context, p policy.Policy, o Options) error {
	first := int64(0)
	for c, err := range p.Expand(ctx, o.request(1, 0, 1, 2, 3)) {
		if err != nil {
			return err
		}
		switch tokens := c.Usage.Prompt + c.Usage.Cached; {
		case first == 0 && tokens == 0:
			return errors.New("the first child that finished is not charged the prefix")
		case first == 0:
			first = tokens
		case !o.EachReads && tokens > 0:
			return fmt.Errorf("child %d is charged %d tokens of the prefix again", c.Ordinal, tokens)
		case o.EachReads && tokens != first:
			return fmt.Errorf("child %d is charged %d tokens of the prefix, the first child %d", c.Ordinal, tokens, first)
		}
	}
	return nil
}
