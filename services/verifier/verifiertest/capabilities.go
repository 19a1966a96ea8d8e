package verifiertest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// capabilitiesHold checks that a problem which the capabilities exclude is refused, that one at their
// limit is not, and that steps are scored if that is stated.
func capabilitiesHold(ctx context.Context, v verifier.Verifier, o Options) error {
	m, err := v.RewardModel(ctx)
	if err != nil {
		return err
	}
	c := m.Capabilities
	if c.Steps == reasoning.SupportYes {
		if _, err := score(ctx, v, o.request(1)); err != nil {
			return fmt.Errorf("steps of a solution that has not ended are stated to be scored: %w", err)
		}
	}
	try := func(problem string) error {
		r := o.request(1)
		r.Problem, r.Steps = problem, []string{"1"}
		_, err := score(ctx, v, r)
		return err
	}
	if c.Input.Alphabet != "" {
		if err := try(c.Input.Alphabet); err != nil {
			return fmt.Errorf("a problem of all characters of the alphabet: %w", err)
		}
		for _, r := range "é等\x00" {
			if strings.ContainsRune(c.Input.Alphabet, r) {
				continue
			}
			if err := try("1 + 1" + string(r)); !errors.Is(err, reasoning.ErrInvalid) {
				return fmt.Errorf("a problem with %q, which is not in the alphabet: got %v, want ErrInvalid", r, err)
			}
		}
	}
	if n := c.Input.Tokens; n > 0 && 2*n <= verifier.MaxProblem {
		most := strings.Repeat("1 ", n)
		if c.Input.Alphabet != "" {
			most = strings.Repeat("1", n)
			if err := try(most[1:]); err != nil {
				return fmt.Errorf("a problem of %d tokens: %w", n-1, err)
			}
		}
		if err := try(most + "1"); err == nil {
			return fmt.Errorf("a problem of %d tokens, one too many, is not refused", n+1)
		}
	}
	return nil
}
