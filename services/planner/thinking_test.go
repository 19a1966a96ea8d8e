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

// thinker returns a policy that generates one line of thinking and the answer 3; after a "Wait"
// the answer is 4, and after truncated thinking 1.
func thinker() *policytest.Script {
	thoughts := map[string]string{"": "1+2=3\n#\n", "1+2=3\nWait\n": "3+1=4\n#\n"}
	answers := map[string]string{"1+2=3\n#\n": "A:3\n", "1+2=3\nWait\n3+1=4\n#\n": "A:4\n", "1+\n#\nA:": "1\n"}
	return &policytest.Script{
		Identity: reasoning.Model{Name: "thinker", Template: "pocket-think-v1", Parameters: 1e6},
		Reply: func(r policy.Request, _ int) policytest.Reply {
			before := ""
			for _, s := range r.Steps {
				before += s
			}
			text, finish := thoughts[before], reasoning.FinishEnd
			text += answers[before+text]
			if len(text) > r.Sampling.MaxTokens {
				text, finish = text[:r.Sampling.MaxTokens], reasoning.FinishLength
			}
			return policytest.Reply{Child: policy.Child{Steps: []reasoning.Step{{Text: text, Tokens: len(text)}}, Finish: finish}, Delay: time.Second}
		},
	}
}

func TestSearchAppliesThinking(t *testing.T) {
	for _, test := range []struct {
		thinking *backend.Thinking
		answer   string
		cost     int64
	}{
		{nil, "3", 12},
		{&backend.Thinking{Mode: backend.ModeForce, Max: 2}, "1", 2 + 2},
		{&backend.Thinking{Mode: backend.ModeForce, Waits: 1}, "4", 8 + 8 + 4},
	} {
		bubble(t, Config{Policy: thinker()}, func(t *testing.T, p *Planner) {
			r := greedy("p")
			r.Thinking = test.thinking
			id := mustCreate(t, p, r)
			time.Sleep(time.Minute)
			got, err := p.Get(t.Context(), Ref{ID: id})
			if err != nil || got.Outcome.Answer != test.answer || got.Bill.Policy.Generated != test.cost {
				t.Errorf("%+v: got answer %q for %d tokens and error %v, want %q for %d", test.thinking, got.Outcome.Answer, got.Bill.Policy.Generated, err, test.answer, test.cost)
			}
		})
	}
}

// Thinking needs a model whose template marks it: otherwise the search is refused. If the template
// is not known, the search is accepted, and fails before anything is generated.
func TestThinkingNeedsAThinker(t *testing.T) {
	r := Request{Problem: "p", Strategy: search.Greedy{}, Thinking: &backend.Thinking{Mode: backend.ModeForce, Max: 9}}
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		var rule *reasoning.InvalidError
		if _, err := p.Create(t.Context(), r); !errors.As(err, &rule) || rule.Field != "thinking" {
			t.Errorf("got %v, want thinking refused", err)
		}
	})
	unknown := policytest.Steps(1, time.Second)
	unknown.Identity = reasoning.Model{Name: "m"}
	bubble(t, Config{Policy: unknown}, func(t *testing.T, p *Planner) {
		id := mustCreate(t, p, r)
		time.Sleep(time.Minute)
		got, err := p.Get(t.Context(), Ref{ID: id})
		var rule *reasoning.InvalidError
		if err != nil || got.State != StateFailed || !errors.As(got.Outcome.Err, &rule) || rule.Field != "thinking" || got.Bill != (reasoning.Bill{}) {
			t.Errorf("got %v with %v and error %v, want the search failed for its thinking, and no cost", got.State, got.Outcome, err)
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
