package planner

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A request for what the models surely cannot do is refused by Create and Plan before a model is
// called, with the field, its reason and a remedy; what is not known is tried. The control is the
// same request of models that can do it.
func TestRequestsBeyondTheCapabilitiesAreRefused(t *testing.T) {
	const no = reasoning.SupportNo
	pinyin := reasoning.Input{Alphabet: "abcdefghijklmnopqrstuvwxyz 0123456789+=?"}
	puct := search.NewMCTS(4)
	puct.PUCT = true
	thinking := &backend.Thinking{Mode: backend.ModeForce, Max: 9}
	maxTokens := 100
	for name, test := range map[string]struct {
		lacks   policy.Capabilities
		scores  verifier.Capabilities
		request Request
		err     *reasoning.Error
		field   string
		remedy  string
	}{
		"counts: beam":            {lacks: policy.Capabilities{Counts: no}, request: Request{Strategy: search.NewBeam(4)}, err: policy.ErrIncapable, field: "strategy", remedy: "use a strategy of whole samples"},
		"counts: DVTS":            {lacks: policy.Capabilities{Counts: no}, request: Request{Strategy: search.NewDVTS(4)}, err: policy.ErrIncapable, field: "strategy", remedy: "vLLM"},
		"counts: MCTS":            {lacks: policy.Capabilities{Counts: no}, request: Request{Strategy: search.NewMCTS(4)}, err: policy.ErrIncapable, field: "strategy", remedy: "vLLM"},
		"counts: thinking":        {lacks: policy.Capabilities{Counts: no}, request: Request{Strategy: search.Greedy{}, Thinking: thinking}, err: policy.ErrIncapable, field: "thinking", remedy: "use mode advise"},
		"continuation: beam":      {lacks: policy.Capabilities{Continues: no}, request: Request{Strategy: search.NewBeam(4)}, err: policy.ErrIncapable, field: "strategy", remedy: "steps-chatml"},
		"continuation: thinking":  {lacks: policy.Capabilities{Continues: no}, request: Request{Strategy: search.Greedy{}, Thinking: thinking}, err: policy.ErrIncapable, field: "thinking", remedy: "think-chatml"},
		"log-probs: choice":       {lacks: policy.Capabilities{LogProbs: no}, request: Request{Strategy: search.Majority{N: 4}, Choice: &search.Choice{By: search.ByCertainty}}, err: policy.ErrIncapable, field: "choice", remedy: "use another choice"},
		"log-probs: planned":      {lacks: policy.Capabilities{LogProbs: no}, request: Request{Choice: &search.Choice{By: search.ByCertainty}}, err: policy.ErrIncapable, field: "choice", remedy: "use another choice"},
		"log-probs: PUCT":         {lacks: policy.Capabilities{LogProbs: no}, request: Request{Strategy: puct}, err: policy.ErrIncapable, field: "strategy", remedy: "use UCT"},
		"attempts: revisions":     {lacks: policy.Capabilities{Attempts: no}, request: Request{Strategy: search.NewRevisions(4)}, err: policy.ErrIncapable, field: "strategy", remedy: "upgrade the workers"},
		"stops: thinking":         {lacks: policy.Capabilities{Stops: no}, request: Request{Strategy: search.Greedy{}, Thinking: thinking}, err: policy.ErrIncapable, field: "thinking", remedy: "upgrade the workers"},
		"total: max_tokens":       {lacks: policy.Capabilities{Total: 100}, request: Request{Strategy: search.Greedy{}, MaxTokens: &maxTokens}, err: policy.ErrIncapable, field: "sampling.max_tokens", remedy: "at most 97"},
		"alphabet: planned":       {lacks: policy.Capabilities{Input: pinyin}, request: Request{Problem: "1+1 等于几?"}, err: reasoning.ErrUnreadable, field: "problem", remedy: "use another model"},
		"alphabet: greedy":        {lacks: policy.Capabilities{Input: pinyin}, request: Request{Problem: "1+1 等于几?", Strategy: search.Greedy{}}, err: reasoning.ErrUnreadable, field: "problem", remedy: `'等' at byte 4`},
		"context: planned":        {lacks: policy.Capabilities{Input: reasoning.Input{Tokens: 2}}, request: Request{}, err: reasoning.ErrUnreadable, field: "problem", remedy: "shorten the problem"},
		"alphabet: reward model":  {scores: verifier.Capabilities{Input: pinyin}, request: Request{Problem: "1+1 等于几?", Strategy: search.BestOfN{N: 4}}, err: reasoning.ErrUnreadable, field: "problem", remedy: "needs no verifier"},
		"context: reward model":   {scores: verifier.Capabilities{Input: reasoning.Input{Tokens: 2}}, request: Request{Strategy: search.BestOfN{N: 4}}, err: reasoning.ErrUnreadable, field: "problem", remedy: "shorten the problem"},
		"outcome scores: beam":    {scores: verifier.Capabilities{Steps: no}, request: Request{Strategy: search.NewBeam(4)}, err: policy.ErrIncapable, field: "strategy", remedy: "use best-of-n, or a process reward model"},
		"alphabet: thinking.wait": {lacks: policy.Capabilities{Input: pinyin}, request: Request{Strategy: search.Greedy{}, Thinking: &backend.Thinking{Mode: backend.ModeForce, Waits: 1, Wait: "等"}}, err: reasoning.ErrUnreadable, field: "thinking.wait", remedy: "use another model"},
	} {
		t.Run(name, func(t *testing.T) {
			r := test.request
			if r.Problem == "" {
				r.Problem = "what is 1+1?"
			}
			for _, capable := range []bool{false, true} {
				generates, scores := thinker(), verifiertest.Steps(0)
				scores.Identity.Name = "scores"
				scores.Identity.Aggregator = verifier.AggregatorMin
				if !capable {
					generates.Can, scores.Identity.Capabilities = test.lacks, test.scores
				}
				bubble(t, Config{Policy: generates, Verifier: scores}, func(t *testing.T, p *Planner) {
					_, planned := p.Plan(t.Context(), r)
					_, created := p.Create(t.Context(), r)
					for call, err := range map[string]error{"Plan": planned, "Create": created} {
						if capable {
							if err != nil {
								t.Errorf("control: %s got %v, want it accepted", call, err)
							}
							continue
						}
						var rule *reasoning.InvalidError
						if reasoning.Classify(err) != test.err || !errors.As(err, &rule) || rule.Field != test.field {
							t.Errorf("%s got %v, want %v for %s", call, err, test.err, test.field)
						} else if !strings.Contains(err.Error(), test.remedy) {
							t.Errorf("%s got %v, want %q", call, err, test.remedy)
						}
					}
					if n := len(generates.Calls()) + len(scores.Calls()); !capable && n > 0 {
						t.Errorf("models were called %d times", n)
					}
				})
			}
		})
	}
}

// Whole samples need nothing: every strategy of whole samples runs on models that lack all.
func TestWholeSamplesNeedNothing(t *testing.T) {
	for _, s := range []search.Strategy{
		search.Greedy{}, search.Majority{N: 4}, search.BestOfN{N: 4}, search.Revisions{N: 4, Chains: 4},
	} {
		script := policytest.Steps(1, time.Second)
		no := reasoning.SupportNo
		script.Can = policy.Capabilities{Counts: no, LogProbs: no, Continues: no, Attempts: no, Stops: no}
		bubble(t, Config{Policy: script, Verifier: verifiertest.Steps(0)}, func(t *testing.T, p *Planner) {
			id := mustCreate(t, p, Request{Problem: "p", Strategy: s})
			time.Sleep(time.Minute)
			if got, err := p.Get(t.Context(), Ref{ID: id}); err != nil || got.State != StateSucceeded {
				t.Errorf("%s: got %v with %v and error %v", s.Name(), got.State, got.Outcome, err)
			}
		})
	}
}

// A retry with an idempotency key gets its search, whatever the models can do by then; a new
// request is refused.
func TestRetryGetsItsSearchWhateverTheModelsCanDo(t *testing.T) {
	script := policytest.Steps(1, time.Second)
	bubble(t, Config{Policy: script, Verifier: verifiertest.Steps(0)}, func(t *testing.T, p *Planner) {
		r := Request{Problem: "p", Strategy: search.NewBeam(4), IdempotencyKey: "k"}
		id := mustCreate(t, p, r)
		time.Sleep(time.Minute)
		synctest.Wait()
		script.Can.Counts = reasoning.SupportNo
		if again := mustCreate(t, p, r); again != id {
			t.Errorf("got search %s, want %s", again, id)
		}
		r.IdempotencyKey = "another"
		if _, err := p.Create(t.Context(), r); !errors.Is(err, policy.ErrIncapable) {
			t.Errorf("another request: got %v, want ErrIncapable", err)
		}
	})
}

// A plan chooses no strategy that cannot run, neither at first nor after an estimate of difficulty,
// and no verifier that cannot read the problem. The control is the plan of models that can do all.
func TestPlansRunWhereTheyArePlanned(t *testing.T) {
	const no = reasoning.SupportNo
	for name, test := range map[string]struct {
		lacks   policy.Capabilities
		scores  verifier.Capabilities
		want    string
		because string
	}{
		"control":               {want: "beam", because: "beam of 16"},
		"counts":                {lacks: policy.Capabilities{Counts: no}, want: "best-of-n", because: "does not tell the tokens"},
		"continuation":          {lacks: policy.Capabilities{Continues: no}, want: "best-of-n", because: "refuses to continue a chat"},
		"outcome scores":        {scores: verifier.Capabilities{Steps: no}, want: "best-of-n", because: "scores only whole solutions"},
		"unreadable for scores": {scores: verifier.Capabilities{Input: reasoning.Input{Alphabet: "x"}}, want: "majority", because: "no verifier"},
	} {
		t.Run(name, func(t *testing.T) {
			script, scores := policytest.Steps(1, 0), verifiertest.Steps(0)
			script.Can = test.lacks
			scores.Identity = verifier.RewardModel{Model: reasoning.Model{Name: "m"}, Aggregator: verifier.AggregatorMin, Capabilities: test.scores}
			bubble(t, Config{Policy: script, Verifier: scores, Difficulty: difficulty.All(script, scores, nil)}, func(t *testing.T, p *Planner) {
				r := Request{Problem: "1", Samples: 16}
				got, err := p.Plan(t.Context(), r)
				if err != nil || got.Plan.Strategy.Name() != test.want || !strings.Contains(got.Plan.Reason, test.because) {
					t.Errorf("got %+v and error %v, want %s because %s", got.Plan, err, test.want, test.because)
				}
				id := mustCreate(t, p, r)
				time.Sleep(time.Minute)
				solved, err := p.Get(t.Context(), Ref{ID: id})
				if err != nil || solved.Plan == nil || solved.Plan.Strategy.Name() != test.want {
					t.Errorf("searched by %+v with error %v, want %s", solved.Plan, err, test.want)
				}
				if degraded := len(solved.Outcome.Degraded) > 0; degraded != (test.want == "majority") {
					t.Errorf("got degraded %q", solved.Outcome.Degraded)
				}
			})
		})
	}
}
