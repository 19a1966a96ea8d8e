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
// on bare attempts the search is refused. If the template is not known, the search is accepted, and
// fails before anything is generated.
func TestFeedbackNeedsTemplate(t *testing.T) {
	for name, accepts := range map[string]bool{
		"pocket": false, "pocket-think-v1": false, "pocket-line-v1": false, "": false, "steps-chatml": true, "pocket-fewshot-v2": true,
	} {
		policy := policytest.Steps(3, 0)
		policy.Identity = reasoning.Model{Name: "m", Template: name, Parameters: 1e6}
		bubble(t, Config{Policy: policy, Verifier: verifiertest.Steps(0)}, func(t *testing.T, p *Planner) {
			r := Request{Problem: "p", Strategy: search.Revisions{N: 2, Chains: 1, Feedback: true}}
			if _, err := p.Plan(t.Context(), r); errors.Is(err, reasoning.ErrInvalid) == accepts {
				t.Errorf("%s planned: got %v, want it refused: %v", name, err, !accepts)
			}
			refused := func(err error) bool {
				var rule *reasoning.InvalidError
				return errors.As(err, &rule) && rule.Field == "strategy.revisions.feedback"
			}
			search, err := p.Create(t.Context(), r)
			if early := !accepts && name != ""; refused(err) != early || (err == nil) == early {
				t.Errorf("%s: got %v, want it refused at once: %v", name, err, early)
			}
			if err != nil {
				return
			}
			time.Sleep(time.Minute)
			got, err := p.Get(t.Context(), Ref{ID: search.ID})
			if err != nil {
				t.Fatal(err)
			}
			if late := refused(got.Outcome.Err); late == accepts || late != (got.Bill == (reasoning.Bill{})) {
				t.Errorf("%s: got %+v for %+v, want it refused without cost: %v", name, got.Outcome, got.Bill, !accepts)
			}
		})
	}
}
