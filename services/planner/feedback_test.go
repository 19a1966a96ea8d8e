package planner

import (
	"errors"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// Feedback needs a policy whose template accepts text between attempts. With one that was trained
// on bare attempts the search fails before anything is generated.
func TestFeedbackNeedsTemplate(t *testing.T) {
	for name, accepts := range map[string]bool{"pocket": false, "pocket-think-v1": false, "pocket-line-v1": false, "steps-chatml": true, "pocket-fewshot-v2": true} {
		policy := policytest.Steps(3, 0)
		policy.Identity = reasoning.Model{Name: "m", Template: name, Parameters: 1e6}
		bubble(t, Config{Policy: policy, Verifier: verifiertest.Steps(0)}, func(t *testing.T, p *Planner) {
			r := Request{Problem: "p", Strategy: search.Revisions{N: 2, Chains: 1, Feedback: true}}
			id := mustCreate(t, p, r)
			time.Sleep(time.Minute)
			got, err := p.Get(t.Context(), Ref{ID: id})
			if err != nil {
				t.Fatal(err)
			}
			var rule *reasoning.InvalidError
			refused := errors.As(got.Outcome.Err, &rule) && rule.Field == "strategy.revisions.feedback"
			if refused == accepts || refused != (got.Bill == (reasoning.Bill{})) {
				t.Errorf("%s: got %+v for %+v, want it refused without cost: %v", name, got.Outcome, got.Bill, !accepts)
			}
			if _, err := p.Plan(t.Context(), r); errors.Is(err, reasoning.ErrInvalid) == accepts {
				t.Errorf("%s planned: got %v, want it refused: %v", name, err, !accepts)
			}
		})
	}
}
