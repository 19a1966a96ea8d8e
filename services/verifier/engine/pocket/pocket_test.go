package pocket

import (
	"errors"
	"strings"
	"testing"

	root "github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A pocket reward model reads the problems that it states, up to the last token, and no others.
func TestCapabilitiesHold(t *testing.T) {
	model, err := models.OpenRewardModel("pocket-prm-0.3m", root.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(model)
	if err != nil {
		t.Fatal(err)
	}
	m, err := v.RewardModel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	input := m.Capabilities.Input
	for problem, reads := range map[string]bool{
		input.Alphabet:                      true,
		"1 + é":                             false,
		strings.Repeat("1", input.Tokens):   true,
		strings.Repeat("1", input.Tokens+1): false,
	} {
		stated := input.Check("problem", problem, m.Name)
		_, err := v.Score(t.Context(), verifier.Request{Problem: problem, Steps: []string{"\n"}})
		if (stated == nil) != reads || (err == nil) != reads || err != nil && !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%.20q of %d: stated %v, got %v, want it read: %v", problem, len(problem), stated, err, reads)
		}
	}
}
