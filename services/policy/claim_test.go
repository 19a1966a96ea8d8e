package policy

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
)

func claimed(tokens ...int) Child {
	c := Child{Finish: reasoning.FinishStep}
	for _, n := range tokens {
		c.Steps = append(c.Steps, reasoning.Step{Text: "x\n", Tokens: n})
		c.Usage.Generated += int64(n)
	}
	return c
}

var modest = Request{
	Search: "s", Problem: "p", Ordinals: []int{0, 1}, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 10},
}

// A few tokens over the limit are cut from the last steps, and are wasted as untrusted, as are tokens in no step.
func TestTokensOverTheLimitAreWasted(t *testing.T) {
	hidden := claimed(5)
	hidden.Usage.Generated = 8
	cached := claimed(5)
	cached.Usage = reasoning.Usage{}
	for name, c := range map[string]struct {
		child     Child
		want      []int // tokens of the steps
		untrusted int64
	}{
		"within":          {claimed(6, 4), []int{6, 4}, 0},
		"over":            {claimed(6, 7), []int{6, 4}, 3},
		"over in a step":  {claimed(12, 1, 2), []int{10, 0, 0}, 5},
		"in no step":      {hidden, []int{5}, 3},
		"recorded before": {cached, []int{5}, 0},
	} {
		given := claimed(c.want...)
		copy(given.Steps, c.child.Steps)
		got, err := modest.Check(c.child)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, s := range got.Steps {
			if s.Tokens != c.want[i] || s.Text != c.child.Steps[i].Text {
				t.Errorf("%s: step %d is %+v, want %d tokens", name, i, s, c.want[i])
			}
			if c.child.Steps[i] != given.Steps[i] {
				t.Errorf("%s: the child that was given has changed", name)
			}
		}
		if got.Usage != c.child.Usage || got.Waste != (reasoning.Waste{Untrusted: reasoning.Usage{Generated: c.untrusted}}) {
			t.Errorf("%s: usage %+v and waste %+v, want all of it and %d untrusted", name, got.Usage, got.Waste, c.untrusted)
		}
	}
}

// A cost that a child cannot have is refused.
func TestImplausibleClaimsAreRefused(t *testing.T) {
	with := func(change func(*Child)) Child {
		c := claimed(5)
		change(&c)
		return c
	}
	for name, c := range map[string]Child{
		"steps":             claimed(29),
		"generated":         with(func(c *Child) { c.Usage.Generated = 29 }),
		"negative":          with(func(c *Child) { c.Usage.Generated = -1 }),
		"prompt":            with(func(c *Child) { c.Usage.Prompt = 1 << 40 }),
		"cached":            with(func(c *Child) { c.Usage.Cached = math.MaxInt64 }),
		"a verifier's":      with(func(c *Child) { c.Usage.Verifier = 1 }),
		"FLOPs":             with(func(c *Child) { c.Usage.FLOPs = 1e300 }),
		"not a number":      with(func(c *Child) { c.Usage.FLOPs = math.NaN() }),
		"wasted":            with(func(c *Child) { c.Usage.Generated, c.Waste.Lost.Generated = 1<<50+5, 1<<50 }),
		"unknown":           with(func(c *Child) { c.Unknown.Generated = math.MaxInt64 }),
		"unknown, a liar's": with(func(c *Child) { c.Unknown.Verifier = 3 }),
	} {
		if _, err := modest.Check(c); !errors.Is(err, reasoning.ErrImplausible) || !reasoning.Permanent(err) {
			t.Errorf("%s: got error %v, want ErrImplausible", name, err)
		}
		if got := modest.Refused(c); got.Usage.Generated != 0 && got.Waste.Untrusted.Generated == 0 || modest.CheckWaste(got) != nil {
			t.Errorf("%s: refused with cost %+v", name, got)
		}
	}
	if got, want := modest.Refused(claimed(5)), reasoning.Wasted(reasoning.Waste{Untrusted: reasoning.Usage{Generated: 5}}); got != want {
		t.Errorf("a child that breaks another rule is refused with cost %+v, want %+v", got, want)
	}
}

// Whatever a child claims, what is taken of it has no more tokens than it may have, and a plausible cost.
func TestNoClaimIsTakenUnchecked(t *testing.T) {
	amount := rapid.OneOf(rapid.Int64Range(0, 40), rapid.Int64(), rapid.Just[int64](math.MaxInt64))
	usages := rapid.Custom(func(t *rapid.T) reasoning.Usage {
		return reasoning.Usage{
			Generated: amount.Draw(t, "generated"), Prompt: amount.Draw(t, "prompt"), Cached: amount.Draw(t, "cached"),
			Verifier: rapid.OneOf(rapid.Just[int64](0), amount).Draw(t, "verifier"),
			FLOPs:    rapid.OneOf(rapid.Just(0.0), rapid.Float64()).Draw(t, "flops"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		c := claimed(rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, math.MaxInt32)), 1, 3).Draw(t, "steps")...)
		if rapid.Bool().Draw(t, "lies") {
			c.Usage = usages.Draw(t, "usage")
		}
		if rapid.Bool().Draw(t, "wastes") {
			c.Waste.Failed, c.Unknown = usages.Draw(t, "failed"), usages.Draw(t, "unknown")
			c.Usage = c.Usage.Add(c.Waste.Failed)
		}
		got, err := modest.Check(c)
		if err != nil {
			return
		}
		used := got.Cost().Used()
		if n := reasoning.Tokens(got.Steps); n > 10 || used.Generated > int64(n) || used.Generated < 0 || got.Usage.Generated > 1e9 {
			t.Fatalf("%+v: taken with %d tokens in steps and cost %+v", c, n, got.Cost())
		}
	})
}
