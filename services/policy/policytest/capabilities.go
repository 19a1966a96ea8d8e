package policytest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// capabilitiesHold checks that what Model states of the capabilities is true of requests. It reads
// the statement after a first request, as a policy may learn from it.
func capabilitiesHold(ctx context.Context, p policy.Policy, o Options) error {
	ordinals := []int{0, 1, 2, 3}
	steps, stepsErr := collect(ctx, p, o.request(1, ordinals...))
	whole, err := collect(ctx, p, o.request(policy.Whole, ordinals...))
	if err != nil {
		return err
	}
	m, err := p.Model(ctx)
	if err != nil {
		return err
	}
	if err := countsHold(m.Counts, steps, stepsErr); err != nil {
		return err
	}
	logProbs := false
	for _, c := range whole {
		for _, s := range c.Steps {
			logProbs = logProbs || s.LogProb != 0
		}
	}
	if logProbs && m.LogProbs == reasoning.SupportNo || !logProbs && m.LogProbs == reasoning.SupportYes {
		return fmt.Errorf("log-probabilities are stated: %v, and sent: %v", m.LogProbs, logProbs)
	}
	for stated, r := range map[*reasoning.Support]policy.Request{
		&m.Attempts:  {Attempts: []string{reasoning.Join(whole[0].Steps)}},
		&m.Stops:     {Stop: "\n"},
		&m.Continues: {Steps: reasoning.Texts(whole[0].Steps[:1]), Node: "0"},
	} {
		if *stated != reasoning.SupportYes {
			continue
		}
		request := o.request(policy.Whole, 0)
		request.Attempts, request.Stop, request.Steps, request.Node = r.Attempts, r.Stop, r.Steps, r.Node
		if _, err := collect(ctx, p, request); err != nil {
			return fmt.Errorf("%+v is stated to be possible: %w", r, err)
		}
	}
	return inputHolds(ctx, p, m.Capabilities, o)
}

// countsHold checks what is stated of the counts of tokens by children of one step, or the error of
// their request.
func countsHold(stated reasoning.Support, steps map[int]policy.Child, failed error) error {
	if stated == reasoning.SupportYes && failed != nil {
		return fmt.Errorf("tokens of steps are stated to be counted: %w", failed)
	}
	for _, c := range steps {
		counted := reasoning.Tokens(c.Steps) > 0
		if c.Finish == reasoning.FinishStep && counted != (stated != reasoning.SupportNo) {
			return fmt.Errorf("counts of tokens are stated: %v, and a step has %d", stated, reasoning.Tokens(c.Steps))
		}
	}
	return nil
}

// inputHolds checks that a problem which the capabilities exclude is refused, and that one at their
// limit is not.
func inputHolds(ctx context.Context, p policy.Policy, c policy.Capabilities, o Options) error {
	expand := func(problem string, maxTokens int) error {
		r := o.request(policy.Whole, 0)
		r.Problem, r.Sampling.MaxTokens = problem, maxTokens
		_, err := collect(ctx, p, r)
		return err
	}
	if c.Input.Alphabet != "" {
		if err := expand(c.Input.Alphabet, 1); err != nil {
			return fmt.Errorf("a problem of all characters of the alphabet: %w", err)
		}
		for _, r := range "é等\x00" {
			if strings.ContainsRune(c.Input.Alphabet, r) {
				continue
			}
			if err := expand("1 + 1"+string(r), 1); !errors.Is(err, reasoning.ErrInvalid) {
				return fmt.Errorf("a problem with %q, which is not in the alphabet: got %v, want ErrInvalid", r, err)
			}
		}
		if most := strings.Repeat("1", c.Input.Tokens); most != "" && len(most) <= policy.MaxProblem {
			if err := expand(most, 1); err != nil {
				return fmt.Errorf("a problem of %d tokens, the most: %w", c.Input.Tokens, err)
			}
			if err := expand(most+"1", 1); !errors.Is(err, reasoning.ErrInvalid) {
				return fmt.Errorf("a problem of %d tokens, one too many: got %v, want ErrInvalid", c.Input.Tokens+1, err)
			}
		}
	}
	if words := strings.Repeat("1 ", c.Input.Tokens+1); c.Input.Alphabet == "" && c.Input.Tokens > 0 && len(words) <= policy.MaxProblem {
		if err := expand(words, 1); err == nil {
			return fmt.Errorf("a problem of %d words, one too many, is not refused", c.Input.Tokens+1)
		}
	}
	if c.Total > 0 && c.Total <= policy.MaxTokens {
		if err := expand("1", c.Total); err == nil {
			return fmt.Errorf("max_tokens of the whole context, %d, are not refused", c.Total)
		}
	}
	return nil
}
