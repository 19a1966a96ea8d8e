package policytest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// collect ranges over all children of r. It returns an error if the sequence breaks a
// rule that holds for every request.
func collect(ctx context.Context, p policy.Policy, r policy.Request) (map[int]policy.Child, error) {
	children := make(map[int]policy.Child)
	var last error
	for c, err := range p.Expand(ctx, r) {
		if last != nil {
			return children, fmt.Errorf("the sequence went on after the error %w", last)
		}
		if last = err; err != nil {
			continue
		}
		_, again := children[c.Ordinal]
		switch {
		case again:
			return children, fmt.Errorf("child %d was yielded twice", c.Ordinal)
		case !slices.Contains(r.Ordinals, c.Ordinal):
			return children, fmt.Errorf("child %d was not requested", c.Ordinal)
		}
		if err := shape(r, c); err != nil {
			return children, fmt.Errorf("child %d: %w", c.Ordinal, err)
		}
		children[c.Ordinal] = c
	}
	if last == nil && len(children) < len(r.Ordinals) {
		return children, fmt.Errorf("got %d of %d children and no error", len(children), len(r.Ordinals))
	}
	return children, last
}

// shape returns an error unless c may be a child of r.
func shape(r policy.Request, c policy.Child) error {
	atStop := r.Stop != "" && strings.HasSuffix(reasoning.Join(c.Steps), r.Stop)
	tokens := 0
	for i, s := range c.Steps {
		tokens += s.Tokens
		switch {
		case s.Tokens < 0 || s.Scored || !(s.LogProb <= 0):
			return fmt.Errorf("step %d is %+v", i, s)
		case s.Text == "" && (i < len(c.Steps)-1 || c.Finish == reasoning.FinishStep):
			return fmt.Errorf("step %d is empty", i)
		}
	}
	u := c.Usage
	switch {
	case len(c.Steps) == 0:
		return errors.New("has no steps")
	case r.Span != policy.Whole && len(c.Steps) > r.Span:
		return fmt.Errorf("has %d steps, want at most %d", len(c.Steps), r.Span)
	case c.Finish < reasoning.FinishStep || c.Finish > reasoning.FinishLength:
		return fmt.Errorf("has finish %d", c.Finish)
	case c.Finish == reasoning.FinishStep && len(c.Steps) != r.Span && !atStop:
		return fmt.Errorf("has finish step after %d steps, want it only after %d or at %q", len(c.Steps), r.Span, r.Stop)
	case tokens > r.Sampling.MaxTokens:
		return fmt.Errorf("has %d tokens, want at most %d", tokens, r.Sampling.MaxTokens)
	case u.Generated != int64(tokens):
		return fmt.Errorf("has %d generated tokens in its usage, %d in its steps", u.Generated, tokens)
	case u.Prompt < 0 || u.Cached < 0 || u.Verifier != 0 || !(u.FLOPs >= 0):
		return fmt.Errorf("has usage %+v", u)
	case c.Generate < 0 || c.QueueWait < 0:
		return fmt.Errorf("has generation time %v, queue wait %v", c.Generate, c.QueueWait)
	}
	return nil
}

// same returns an error unless got and want are the same sample. It ignores their
// costs and allows log-probabilities to differ by rounding.
func same(got, want policy.Child) error {
	plain := func(steps []reasoning.Step) []reasoning.Step {
		steps = slices.Clone(steps)
		for i := range steps {
			steps[i].LogProb = 0
		}
		return steps
	}
	if got.Finish != want.Finish || !reflect.DeepEqual(plain(got.Steps), plain(want.Steps)) {
		return fmt.Errorf("got %q with finish %v, want %q with finish %v",
			reasoning.Texts(got.Steps), got.Finish, reasoning.Texts(want.Steps), want.Finish)
	}
	for i := range got.Steps {
		if g, w := got.Steps[i].LogProb, want.Steps[i].LogProb; math.Abs(g-w) > 1e-3 {
			return fmt.Errorf("step %d has log-probability %v, want %v", i, g, w)
		}
	}
	return nil
}
