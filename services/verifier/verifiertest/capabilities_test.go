package verifiertest

import (
	"context"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A statement that the scores contradict fails the check; the same verifier that states nothing
// passes it.
func TestFalseCapabilities(t *testing.T) {
	refuse := func(refused func(verifier.Request) bool) func(*Script) verifier.Verifier {
		return func(s *Script) verifier.Verifier {
			return override{s, func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
				if refused(r) {
					return verifier.Result{}, reasoning.ErrInvalid
				}
				return s.Score(ctx, r)
			}}
		}
	}
	for name, test := range map[string]struct {
		states verifier.Capabilities
		wrap   func(*Script) verifier.Verifier // nil: the script itself
	}{
		"scores no steps":              {verifier.Capabilities{Steps: reasoning.SupportYes}, refuse(func(r verifier.Request) bool { return len(r.Steps) < 3 })},
		"reads more than its alphabet": {verifier.Capabilities{Input: reasoning.Input{Alphabet: "1 +"}}, nil},
		"reads less than its alphabet": {verifier.Capabilities{Input: reasoning.Input{Alphabet: "1 +é等\x00"}}, refuse(func(r verifier.Request) bool { return r.Problem == "1 +é等\x00" })},
		"has room for more characters": {verifier.Capabilities{Input: reasoning.Input{Alphabet: "1 +é等\x00", Tokens: 9}}, nil},
		"has room for more words":      {verifier.Capabilities{Input: reasoning.Input{Tokens: 9}}, nil},
	} {
		check := func(states verifier.Capabilities) error {
			s := Steps(0)
			s.Identity = verifier.RewardModel{Model: reasoning.Model{Name: "m"}, Aggregator: verifier.AggregatorMin, Capabilities: states}
			v := verifier.Verifier(s)
			if test.wrap != nil {
				v = test.wrap(s)
			}
			return capabilitiesHold(t.Context(), v, Options{})
		}
		if err := check(test.states); err == nil {
			t.Errorf("%s: the check passes on %+v", name, test.states)
		}
		if err := check(verifier.Capabilities{}); err != nil {
			t.Errorf("%s: nothing is stated: got %v", name, err)
		}
	}
}
