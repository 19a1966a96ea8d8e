package planner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

func TestRuleOfThumb(t *testing.T) {
	easy, medium, hard := &difficulty.Estimate{PassRate: 0.8}, &difficulty.Estimate{PassRate: 0.3}, &difficulty.Estimate{PassRate: 0.05}
	rewardModel := &verifier.RewardModel{Aggregator: verifier.AggregatorProd}
	weak := &verifier.RewardModel{Model: reasoning.Model{Name: "peiyi9979/math-shepherd-mistral-7b-prm"}}
	beam := func(n int) search.Strategy { return search.Beam{N: n, M: min(4, n), MaxLevels: 40} }
	dvts := func(n int) search.Strategy { return search.DVTS{N: n, M: min(4, n), MaxLevels: 40} }
	for _, c := range []struct {
		n           int
		size        float64
		estimate    *difficulty.Estimate
		rewardModel *verifier.RewardModel
		want        search.Strategy
		because     string
	}{
		{1, 0, nil, rewardModel, search.Greedy{}, "one greedy sample"},
		{1, 0, nil, nil, search.Greedy{}, "one greedy sample"},
		{2, 0, nil, nil, search.Majority{N: 2}, "no verifier"},
		{256, 0, easy, nil, search.Majority{N: 256}, "no verifier"},
		{2, 0, nil, rewardModel, search.BestOfN{N: 2}, "not estimated"},
		{16, 0, nil, rewardModel, search.BestOfN{N: 16}, "not estimated"},
		{4, 0, easy, rewardModel, search.BestOfN{N: 2}, "easy"},
		{256, 1e9, easy, rewardModel, search.BestOfN{N: 128}, "easy"},
		{4, 1e9, medium, rewardModel, beam(4), "medium"},
		{16, 1e9, medium, rewardModel, beam(16), "medium"},
		{64, 1e9, hard, rewardModel, beam(64), "hard"},
		{18, 1e9, hard, rewardModel, beam(16), "hard"}, // rounded down to a multiple of M
		{16, 14e9, easy, rewardModel, dvts(16), "7 to 32 B"},
		{16, 7e9, medium, rewardModel, dvts(16), "7 to 32 B"},
		{16, 14e9, hard, rewardModel, beam(16), "hard"},
		{16, 72e9, hard, rewardModel, search.BestOfN{N: 16}, "more than 32 B"},
		{16, 1e9, hard, weak, search.BestOfN{N: 16}, "misleads"},
	} {
		got := ruleOfThumb(c.n, reasoning.Model{Parameters: int64(c.size)}, c.estimate, c.rewardModel, nil)
		if got.Strategy != c.want || !strings.Contains(got.Reason, c.because) || !strings.Contains(got.Reason, "rule of thumb") || got.Source != SourceRuleOfThumb {
			t.Errorf("%d samples: got %s %+v because %q, want %s %+v because of %q",
				c.n, got.Strategy.Name(), got.Strategy, got.Reason, c.want.Name(), c.want, c.because)
		}
		if err := got.Strategy.Validate(); err != nil {
			t.Errorf("%d samples: %v", c.n, err)
		}
	}
}

func TestDecide(t *testing.T) {
	prod := search.Choice{By: search.ByProd}
	byMin, certain := search.Choice{By: search.ByMin, Pick: search.PickMax}, search.Choice{By: search.ByCertainty, Pick: search.PickMax}
	with, without := models{rewardModel: &verifier.RewardModel{Aggregator: verifier.AggregatorProd}}, models{}
	for name, c := range map[string]struct {
		request Request
		models  models
		want    Plan
		because string
	}{
		"as requested":           {Request{Strategy: search.BestOfN{N: 4}}, with, Plan{Strategy: search.BestOfN{N: 4}, Choice: prod}, "as requested"},
		"choice as requested":    {Request{Strategy: search.BestOfN{N: 4}, Choice: &byMin}, with, Plan{Strategy: search.BestOfN{N: 4}, Choice: byMin}, "as requested"},
		"majority, scored":       {Request{Strategy: search.BestOfN{N: 4}, Choice: &search.Choice{}}, with, Plan{Strategy: search.BestOfN{N: 4}}, "as requested"},
		"nothing to score":       {Request{Strategy: search.Majority{N: 4}}, with, Plan{Strategy: search.Majority{N: 4}}, "as requested"},
		"verifier is down":       {Request{Strategy: search.Beam{N: 8, M: 4}, Choice: &byMin}, without, Plan{Strategy: search.Majority{N: 8}}, "does not answer; chosen by majority instead of min-max"},
		"verifier is down, MCTS": {Request{Strategy: search.MCTS{N: 4096, Width: 64}}, without, Plan{Strategy: search.Majority{N: search.MaxN}}, "majority of 4096"},
		"no early stopping":      {Request{Strategy: search.Majority{N: 4}, Choice: &certain}, with, Plan{Strategy: search.Majority{N: 4, Exhaustive: true}, Choice: certain}, "as requested"},
		"planned":                {Request{Samples: 2}, with, Plan{Strategy: search.BestOfN{N: 2}, Choice: prod, Source: SourceRuleOfThumb}, "not estimated"},
		"planned without scores": {Request{Samples: 1, Choice: &byMin}, with, Plan{Strategy: search.Greedy{}, Source: SourceRuleOfThumb}, "as nothing is scored"},
	} {
		got := (&Planner{}).decide(c.request, nil, c.models)
		if !strings.Contains(got.Reason, c.because) {
			t.Errorf("%s: because %q, want %q", name, got.Reason, c.because)
		}
		got.Reason = ""
		if c.want.Source == 0 {
			c.want.Source = SourceRequest
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s: got -, want +\n%s", name, diff)
		}
	}
}

// An estimate is made only if it is requested or the plan of the rule of thumb depends on it.
func TestEstimateIsMadeIfPlanDependsOnIt(t *testing.T) {
	for name, test := range map[string]struct {
		request     Request
		parameters  int64
		rewardModel string
		want        bool
	}{
		"planned":                 {Request{Samples: 4}, 1e9, "m", true},
		"large policy":            {Request{Samples: 4}, 32e9, "m", true},
		"larger policy":           {Request{Samples: 4}, 33e9, "m", false},
		"misleading reward model": {Request{Samples: 4}, 1e9, "Math-Shepherd-7b", false},
		"few samples":             {Request{Samples: 3}, 1e9, "m", false},
		"no verifier":             {Request{Samples: 4}, 1e9, "", false},
		"strategy requested":      {Request{Strategy: search.BestOfN{N: 4}}, 1e9, "m", false},
		"estimate requested":      {Request{Strategy: search.BestOfN{N: 4}, Estimate: true}, 1e9, "m", true},
		"requested, but not used": {Request{Samples: 4, Estimate: true}, 33e9, "m", true},
	} {
		script := policytest.Steps(1, 0)
		script.Identity.Parameters = test.parameters
		c := Config{Policy: script}
		if test.rewardModel != "" {
			scores := verifiertest.Steps(0)
			scores.Identity.Name = test.rewardModel
			c.Verifier = scores
		}
		c.Difficulty = difficulty.All(script, c.Verifier, nil)
		bubble(t, c, func(t *testing.T, p *Planner) {
			test.request.Problem = "1"
			result, err := p.Plan(t.Context(), test.request)
			if err != nil || (result.Estimate != nil) != test.want {
				t.Errorf("%s: got estimate %+v and error %v, want an estimate: %v", name, result.Estimate, err, test.want)
			}
			if paid := result.Bill != (reasoning.Bill{}); paid != test.want {
				t.Errorf("%s: got bill %+v, want one: %v", name, result.Bill, test.want)
			}
			if strings.Contains(result.Plan.Reason, "not estimated") && name != "few samples" {
				t.Errorf("%s: got plan because %q", name, result.Plan.Reason)
			}
		})
	}
}

func TestDecidePredictsTokens(t *testing.T) {
	e := &difficulty.Estimate{Samples: 4}
	e.Usage.Generated = 100
	got := (&Planner{}).decide(Request{Strategy: search.BestOfN{N: 8}}, e, models{rewardModel: &verifier.RewardModel{}})
	if got.PredictedTokens != 200 {
		t.Errorf("predicted %d tokens, want 200: 8 samples of 25", got.PredictedTokens)
	}
}
