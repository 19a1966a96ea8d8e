package mesh_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	policyengine "github.com/ponder-mesh/ponder/services/policy/engine"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	verifierengine "github.com/ponder-mesh/ponder/services/verifier/engine"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// measured returns a profile of a policy and a reward model: easy problems get best-of-4,
// hard problems a beam of 16. The beam takes three seconds, best-of-16 a tenth of one.
func measured(t *testing.T, policy, rewardModel string, aggregator verifier.Aggregator) *profile.Profile {
	t.Helper()
	arm := func(strategy string, n int, expected, tokens, seconds float64) profile.Arm {
		return profile.Arm{
			Strategy: strategy, N: n, Accuracy: stats.Interval{Mean: expected}, Expected: expected,
			Generated: tokens, FLOPs: 1e6 * tokens, Seconds: seconds,
		}
	}
	four := arm("best-of-n", 4, 0.6, 160, 0.1)
	wide := arm("best-of-n", 16, 0.7, 640, 0.1)
	deep := arm("beam", 16, 0.8, 640, 3)
	p := &profile.Profile{
		Format: 1, Name: "measured", Policy: reasoning.Model{Name: policy},
		Verifier:  verifier.RewardModel{Model: reasoning.Model{Name: rewardModel}, Aggregator: aggregator},
		Estimator: profile.EstimatorConfig{Method: "probe", Samples: 4},
		Scheme:    difficulty.Scheme{Name: "halves", Edges: []float64{0.6}},
		Budgets: []profile.Budget{{
			N: 16, Tokens: 640, Adaptive: true, Reason: "by difficulty", Uniform: deep, Rows: []profile.Arm{four, deep},
		}},
		Bins: []profile.Bin{
			{Label: "easy", Arms: []profile.Arm{four, wide, deep}},
			{Label: "hard", Arms: []profile.Arm{four, wide, deep}},
		},
		All: []profile.Arm{four, wide, deep},
	}
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = profile.Read(data); err != nil {
		t.Fatal(err)
	}
	return p
}

// pocketModels returns a pocket policy and the pocket reward model.
func pocketModels(t *testing.T) (*policyengine.Engine, *verifierengine.Engine) {
	t.Helper()
	policy, err := policyengine.Open(policyengine.Config{Pocket: "pocket-0.3m"})
	if err != nil {
		t.Fatal(err)
	}
	rewardModel, err := verifierengine.Open(verifierengine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(policy.Close(), rewardModel.Close()); err != nil {
			t.Error(err)
		}
	})
	return policy, rewardModel
}

// With shipped models, easy and hard problems get the strategies of their bins. The plan
// names its source and predicts tokens, accuracy and time.
func TestPlansFollowTheProfile(t *testing.T) {
	set := func(steps int) []problems.Problem {
		ps, err := problems.Take(4, problems.Options{Split: problems.Test, NSteps: steps, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return ps
	}
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		policy, rewardModel := pocketModels(t)
		profileStore := &profile.Store{}
		profileStore.Put("test", measured(t, "pocket-0.3m", "pocket-prm", verifier.AggregatorProd))
		m := start(t, s, mesh.Config{Policy: policy, Verifier: rewardModel, Profiles: profileStore})
		used := map[string]int{}
		for steps, want := range map[int]string{2: "best-of-n 4", 8: "beam 16"} {
			for _, p := range set(steps) {
				outcome, events := solve(t, m, sixteen(p.Text))
				complete(t, outcome)
				var plan *planner.Plan
				for _, e := range events {
					if e.Plan != nil {
						plan = e.Plan
					}
				}
				if plan.Source != planner.SourceProfile || plan.Profile != "measured" || plan.Bin == "" ||
					plan.PredictedTokens == 0 || plan.PredictedAccuracy == nil || plan.PredictedTime == 0 ||
					!strings.Contains(plan.Reason, "pass@1 about") {
					t.Errorf("got plan %v, want one of the profile with a bin and predictions", plan)
				}
				if strategies.String(plan.Strategy) == want {
					used[want]++
				}
			}
		}
		if used["best-of-n 4"] < 3 || used["beam 16"] < 3 {
			t.Errorf("of 4 easy and 4 hard problems, %v got the strategy of their bin", used)
		}

		// A search follows a profile that was put while the planner runs.
		other := measured(t, "pocket-0.3m", "pocket-prm", verifier.AggregatorProd)
		other.Name, other.Budgets[0].Adaptive = "newer", false
		profileStore.Put("test", other)
		result, err := m.Planner.Plan(t.Context(), sixteen(set(2)[0].Text))
		if err != nil || result.Plan.Profile != "newer" || strategies.String(result.Plan.Strategy) != "beam 16" ||
			result.Estimate != nil {
			t.Errorf("got plan %v and error %v, want one of the newer profile without an estimate", result, err)
		}

		// A profile of other models is not used.
		profileStore.Put("test", measured(t, "pocket-0.3m", "another reward model", verifier.AggregatorProd))
		result, err = m.Planner.Plan(t.Context(), sixteen(set(2)[0].Text))
		if err != nil || result.Plan.Source != planner.SourceRuleOfThumb ||
			!strings.Contains(result.Plan.Reason, "rule of thumb") {
			t.Errorf("got plan %v and error %v, want the rule of thumb", result, err)
		}
	})
}

// With a near deadline the plan is a wide and shallow strategy; with more time it is the more
// accurate, deeper one. Both searches end before their deadlines.
func TestDeadlineChoosesWidthOverDepth(t *testing.T) {
	for timeout, want := range map[time.Duration]string{2 * time.Second: "best-of-n 16", time.Minute: "beam 16"} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			profileStore := &profile.Store{}
			p := measured(t, "script", "script", 0)
			p.Budgets[0].Adaptive = false
			profileStore.Put("test", p)
			m := start(t, s, mesh.Config{
				Policy: policytest.Steps(3, time.Second/2), Verifier: verifiertest.Steps(0), Profiles: profileStore,
			})
			request := sixteen("p")
			request.Deadline = time.Now().Add(timeout)
			outcome, events := solve(t, m, request)
			complete(t, outcome)
			for _, e := range events {
				if plan := e.Plan; plan != nil && strategies.String(plan.Strategy) != want {
					t.Errorf("with %v: %s because %q, want %s",
						timeout, strategies.String(plan.Strategy), plan.Reason, want)
				}
			}
		})
	}
}

// With solo bills, an estimate and the search after it cost the same whether or not results
// are recorded, and recorded results are reused. The samples of the estimate are the first
// samples of the search: best-of-4 after an estimate generates nothing more, and has the
// same answer.
func TestSoloBillsDoNotDependOnTheStore(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine, scorer := policytest.Steps(3, time.Second), verifiertest.Steps(time.Second)
		m := start(t, s, mesh.Config{Policy: engine, Verifier: scorer, Solo: true})
		request := planner.Request{Problem: "p", Strategy: bestOf(4), Estimate: true}
		run := func(r planner.Request) (*planner.Outcome, planner.Event) {
			outcome, events := solve(t, m, r)
			complete(t, outcome)
			return outcome, events[len(events)-1]
		}
		first, firstEnd := run(request)
		calls := len(engine.Calls()) + len(scorer.Calls())
		second, secondEnd := run(request)
		if more := len(engine.Calls()) + len(scorer.Calls()) - calls; more > 0 {
			t.Errorf("the second search made %d calls, want none", more)
		}
		bill := firstEnd.Bill
		if diff := cmp.Diff(secondEnd.Bill, bill); diff != "" {
			t.Errorf("bill of the second search (-got +want, that of the first):\n%s", diff)
		}
		if bill.Policy.Generated != 0 || bill.Verifier.Verifier != 0 ||
			bill.Difficulty.Generated == 0 || bill.Difficulty.Verifier == 0 {
			t.Errorf("bill %v: want all costs in the estimate's part", bill)
		}
		request.Estimate = false
		third, thirdEnd := run(request)
		if third.Answer != first.Answer || second.Answer != first.Answer {
			t.Errorf("answers %q, %q and without an estimate %q, want the same",
				first.Answer, second.Answer, third.Answer)
		}
		if got, want := thirdEnd.Bill.Policy.Generated, bill.Difficulty.Generated; got != want {
			t.Errorf("without an estimate the search generated %d tokens, want %d, as with one", got, want)
		}
	})
}

// sixteen returns a request with a budget of 16 samples.
func sixteen(problem string) planner.Request { return planner.Request{Problem: problem, Samples: 16} }
