package planner

import (
	"errors"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// thinker returns a policy that thinks for a line and answers 3; after a "Wait" it answers
// 4, and if its thinking is truncated, 1.
func thinker() *policytest.Script {
	says := map[string]string{"": "1+2=3\n#\n", "1+2=3\nWait\n": "3+1=4\n#\n"}
	answers := map[string]string{"1+2=3\n#\n": "A:3\n", "1+2=3\nWait\n3+1=4\n#\n": "A:4\n", "1+\n#\nA:": "1\n"}
	return &policytest.Script{
		Identity: reasoning.Model{Name: "thinker", Template: "pocket-think-v1", Parameters: 1e6},
		Reply: func(r policy.Request, _ int) policytest.Reply {
			before := ""
			for _, s := range r.Steps {
				before += s
			}
			said, finish := says[before], reasoning.FinishEnd
			said += answers[before+said]
			if len(said) > r.Sampling.MaxTokens {
				said, finish = said[:r.Sampling.MaxTokens], reasoning.FinishLength
			}
			return policytest.Reply{Child: policy.Child{Steps: []reasoning.Step{{Text: said, Tokens: len(said)}}, Finish: finish}, Delay: time.Second}
		},
	}
}

func TestASearchThinksAsItIsTold(t *testing.T) {
	for _, test := range []struct {
		how    *backend.Thinking
		answer string
		cost   int64
	}{
		{nil, "3", 12},
		{&backend.Thinking{Mode: backend.ModeForce, Max: 2}, "1", 2 + 2},
		{&backend.Thinking{Mode: backend.ModeForce, Waits: 1}, "4", 8 + 8 + 4},
	} {
		bubble(t, Config{Policy: thinker()}, func(t *testing.T, p *Planner) {
			r := greedy("p")
			r.Thinking = test.how
			id := mustCreate(t, p, r)
			time.Sleep(time.Minute)
			got, err := p.Get(t.Context(), Ref{ID: id})
			if err != nil || got.Outcome.Answer != test.answer || got.Bill.Policy.Generated != test.cost {
				t.Errorf("%+v: got answer %q for %d tokens and error %v, want %q for %d", test.how, got.Outcome.Answer, got.Bill.Policy.Generated, err, test.answer, test.cost)
			}
		})
	}
}

// Whether a model marks its thinking is known only when it is asked who it is: the
// search fails then, before anything is paid.
func TestThinkingNeedsAThinker(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		r := Request{Problem: "p", Strategy: search.Greedy{}, Thinking: &backend.Thinking{Mode: backend.ModeForce, Max: 9}}
		id := mustCreate(t, p, r)
		time.Sleep(time.Minute)
		got, err := p.Get(t.Context(), Ref{ID: id})
		var rule *reasoning.InvalidError
		if err != nil || got.State != StateFailed || !errors.As(got.Outcome.Err, &rule) || rule.Field != "thinking" || got.Bill != (reasoning.Bill{}) {
			t.Errorf("got %v with %v and error %v, want the search failed for its thinking, and nothing paid", got.State, got.Outcome, err)
		}
		if _, err := p.Plan(t.Context(), r); !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("planned: got %v, want ErrInvalid", err)
		}
		r.Thinking = &backend.Thinking{Mode: backend.ModeForce, Max: 4096}
		if _, err := p.Create(t.Context(), r); !errors.As(err, &rule) || rule.Field != "thinking.max_tokens" {
			t.Errorf("got %v, want thinking.max_tokens refused: it leaves no room for an answer", err)
		}
	})
}
