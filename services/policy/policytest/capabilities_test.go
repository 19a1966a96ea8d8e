package policytest

import (
	"context"
	"iter"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A statement that the requests contradict fails the check; the same policy that states nothing
// passes it.
func TestFalseCapabilities(t *testing.T) {
	const yes, no = reasoning.SupportYes, reasoning.SupportNo
	refuse := func(refused func(policy.Request) bool) func(*Script) policy.Policy {
		return func(s *Script) policy.Policy {
			return override{s, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
				if refused(r) {
					return func(yield func(policy.Child, error) bool) { yield(policy.Child{}, reasoning.ErrInvalid) }
				}
				return s.Expand(ctx, r)
			}}
		}
	}
	for name, test := range map[string]struct {
		states policy.Capabilities
		wrap   func(*Script) policy.Policy // nil: the script itself
	}{
		"counts":                  {policy.Capabilities{Counts: no}, nil},
		"no counts of steps":      {policy.Capabilities{Counts: yes}, refuse(func(r policy.Request) bool { return r.Span == 1 })},
		"sends log-probabilities": {policy.Capabilities{LogProbs: no}, nil},
		"no log-probabilities": {policy.Capabilities{LogProbs: yes}, func(s *Script) policy.Policy {
			return override{s, corruptEach(s, func(_ policy.Request, c *policy.Child) {
				for i := range c.Steps {
					c.Steps[i].LogProb = 0
				}
			})}
		}},
		"attempts are refused":              {policy.Capabilities{Attempts: yes}, refuse(func(r policy.Request) bool { return len(r.Attempts) > 0 })},
		"stops are refused":                 {policy.Capabilities{Stops: yes}, refuse(func(r policy.Request) bool { return r.Stop != "" })},
		"continuations are refused":         {policy.Capabilities{Continues: yes}, refuse(func(r policy.Request) bool { return len(r.Steps) > 0 })},
		"reads more than its alphabet":      {policy.Capabilities{Input: reasoning.Input{Alphabet: "1 +"}}, nil},
		"reads less than its alphabet":      {policy.Capabilities{Input: reasoning.Input{Alphabet: "1 +é等\x00"}}, refuse(func(r policy.Request) bool { return r.Problem == "1 +é等\x00" })},
		"has room for more characters":      {policy.Capabilities{Input: reasoning.Input{Alphabet: "1 +é等\x00", Tokens: 9}}, nil},
		"has room for more words":           {policy.Capabilities{Input: reasoning.Input{Tokens: 9}}, nil},
		"has room for more tokens than all": {policy.Capabilities{Total: 9}, nil},
	} {
		check := func(states policy.Capabilities) error {
			s := Steps(5, 0)
			s.Can = states
			p := policy.Policy(s)
			if test.wrap != nil {
				p = test.wrap(s)
			}
			return capabilitiesHold(t.Context(), p, Options{})
		}
		if err := check(test.states); err == nil {
			t.Errorf("%s: the check passes on %+v", name, test.states)
		}
		if err := check(policy.Capabilities{}); err != nil {
			t.Errorf("%s: nothing is stated: got %v", name, err)
		}
	}
}
