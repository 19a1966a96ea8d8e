package backend

import (
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
)

// "Token-, step- and class-conditional control" (s1, §3.1, appendix E) is a sentence
// that the policy reads and the verifier does not.
func TestAdviceIsForThePolicyOnly(t *testing.T) {
	for sentence, how := range map[string]Thinking{
		"\n\nThink for up to 20 tokens.": {Mode: ModeAdvise, Max: 20, Advice: AdviceTokens},
		"\n\nThink for up to 16 steps.":  {Mode: ModeForce, Advice: AdviceSteps, Steps: 16},
		"\n\nAnswer after a short amount of thinking. " +
			"Do not spend excessive time double-checking your work.": {Mode: ModeAdvise, Advice: AdviceShort},
	} {
		lock := searchtest.NewLock(1, nil)
		format, err := how.Format(reasoning.Model{Template: "pocket-think-v1"})
		if err == nil {
			err = how.Validate(64)
		}
		if err != nil {
			t.Fatal(err)
		}
		tree := search.New(Think(lock, how, format), problem("a"))
		if _, err := search.Run(t.Context(), tree, search.BestOfN{N: 2}); err != nil {
			t.Fatal(err)
		}
		for _, c := range lock.Calls() {
			if want := "31415" + sentence; c.Request.Problem != want {
				t.Errorf("the policy reads %q, want %q", c.Request.Problem, want)
			}
		}
		for _, r := range lock.ScoreRequests() {
			if r.Problem != "31415" {
				t.Errorf("the verifier reads %q, want the problem without advice", r.Problem)
			}
		}
	}
}
