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

// measured is a profile of a pair: easy problems get best-of-4, hard ones a beam of 16,
// which takes three seconds where best-of-16 takes a tenth.
func measured(t *testing.T, policy, rewardModel string, aggregator verifier.Aggregator) *profile.Profile {
	t.Helper()
	arm := func(strategy string, n int, expected, tokens, seconds float64) profile.Arm {
		return profile.Arm{Strategy: strategy, N: n, Accuracy: stats.Interval{Mean: expected}, Expected: expected, Generated: tokens, FLOPs: 1e6 * tokens, Seconds: seconds}
	}
	four, wide, deep := arm("best-of-n", 4, 0.6, 160, 0.1), arm("best-of-n", 16, 0.7, 640, 0.1), arm("beam", 16, 0.8, 640, 3)
	p := &profile.Profile{
		Format: 1, Name: "measured", Policy: reasoning.Model{Name: policy},
		Verifier:  verifier.RewardModel{Model: reasoning.Model{Name: rewardModel}, Aggregator: aggregator},
		Estimator: profile.Estimator{Method: "probe", Samples: 4}, Scheme: difficulty.Scheme{Name: "halves", Edges: []float64{0.6}},
		Budgets: []profile.Budget{{N: 16, Tokens: 640, Adaptive: true, Why: "by difficulty", Uniform: deep, Rows: []profile.Arm{four, deep}}},
		Bins:    []profile.Bin{{Label: "easy", Arms: []profile.Arm{four, wide, deep}}, {Label: "hard", Arms: []profile.Arm{four, wide, deep}}},
		All:     []profile.Arm{four, wide, deep},
	}
	data, err := p.Write()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = profile.Read(data); err != nil {
		t.Fatal(err)
	}
	return p
}

// pockets are a policy that really errs and a judge that really judges.
func pockets(t *testing.T) (*policyengine.Engine, *verifierengine.Engine) {
	t.Helper()
	policy, err := policyengine.Open(policyengine.Config{Pocket: "pocket-0.3m"})
	if err != nil {
		t.Fatal(err)
	}
	judge, err := verifierengine.Open(verifierengine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(policy.Close(), judge.Close()); err != nil {
			t.Error(err)
		}
	})
	return policy, judge
}

// Real models, real difficulty: easy problems and hard ones get the strategies of their
// bins, and the plan says where it comes from and what is expected.
func TestPlansFollowTheProfile(t *testing.T) {
	set := func(steps int) []problems.Problem {
		ps, err := problems.Take(4, problems.Options{Split: problems.Test, NSteps: steps, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return ps
	}
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		policy, judge := pockets(t)
		shelf := &profile.Shelf{}
		shelf.Put("test", measured(t, "pocket-0.3m", "pocket-prm", verifier.AggregatorProd))
		m := start(t, s, mesh.Config{Policy: policy, Verifier: judge, Profiles: shelf})
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
				if plan.Source != planner.SourceProfile || plan.Profile != "measured" || plan.Bin == "" || plan.PredictedTokens == 0 ||
					plan.PredictedAccuracy == nil || plan.PredictedTime == 0 || !strings.Contains(plan.Reason, "pass@1 about") {
					t.Errorf("plan %v", plan)
				}
				if strategies.String(plan.Strategy) == want {
					used[want]++
				}
			}
		}
		if used["best-of-n 4"] < 3 || used["beam 16"] < 3 {
			t.Errorf("of 4 easy and 4 hard problems, %v got the strategy of their bin", used)
		}

		// A profile that is put while planners run is followed by the next search.
		other := measured(t, "pocket-0.3m", "pocket-prm", verifier.AggregatorProd)
		other.Name, other.Budgets[0].Adaptive = "newer", false
		shelf.Put("test", other)
		planned, err := m.Planner.Plan(t.Context(), sixteen(set(2)[0].Text))
		if err != nil || planned.Plan.Profile != "newer" || strategies.String(planned.Plan.Strategy) != "beam 16" || planned.Estimate != nil {
			t.Errorf("plan %v, error %v: want the newer profile's, without an estimate", planned, err)
		}

		// Another pair's profile is not used.
		shelf.Put("test", measured(t, "pocket-0.3m", "another reward model", verifier.AggregatorProd))
		planned, err = m.Planner.Plan(t.Context(), sixteen(set(2)[0].Text))
		if err != nil || planned.Plan.Source != planner.SourceRuleOfThumb || !strings.Contains(planned.Plan.Reason, "rule of thumb") {
			t.Errorf("plan %v, error %v: want the rule of thumb", planned, err)
		}
	})
}

// With little time left, what is wide and shallow goes before what is deep; with enough,
// what is more accurate. Depth takes the time: the search that was chosen is in time.
func TestDeadlineChoosesWidthOverDepth(t *testing.T) {
	for timeout, want := range map[time.Duration]string{2 * time.Second: "best-of-n 16", time.Minute: "beam 16"} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			shelf := &profile.Shelf{}
			p := measured(t, "script", "script", 0)
			p.Budgets[0].Adaptive = false
			shelf.Put("test", p)
			m := start(t, s, mesh.Config{Policy: policytest.Steps(3, time.Second/2), Verifier: verifiertest.Steps(0), Profiles: shelf})
			request := sixteen("p")
			request.Deadline = time.Now().Add(timeout)
			outcome, events := solve(t, m, request)
			complete(t, outcome)
			for _, e := range events {
				if plan := e.Plan; plan != nil && strategies.String(plan.Strategy) != want {
					t.Errorf("with %v: %s because %q, want %s", timeout, strategies.String(plan.Strategy), plan.Reason, want)
				}
			}
		})
	}
}

// Where bills are solo, an estimate and the search after it cost the same whatever is
// recorded, and what is recorded is not asked for again. The estimate's samples are the
// search's own: best-of-4 after an estimate writes nothing more, and answers the same.
func TestSoloEstimates(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine, judge := policytest.Steps(3, time.Second), verifiertest.Steps(time.Second)
		m := start(t, s, mesh.Config{Policy: engine, Verifier: judge, Solo: true})
		request := planner.Request{Problem: "p", Strategy: bestOf(4), Estimate: true}
		run := func(r planner.Request) (*planner.Outcome, planner.Event) {
			outcome, events := solve(t, m, r)
			complete(t, outcome)
			return outcome, events[len(events)-1]
		}
		first, one := run(request)
		asked := len(engine.Calls()) + len(judge.Calls())
		second, two := run(request)
		if more := len(engine.Calls()) + len(judge.Calls()) - asked; more > 0 {
			t.Errorf("the second time %d calls were made", more)
		}
		if diff := cmp.Diff(one.Bill, two.Bill); diff != "" {
			t.Errorf("the second time it cost another amount:\n%s", diff)
		}
		bill := one.Bill
		if bill.Policy.Generated != 0 || bill.Verifier.Verifier != 0 || bill.Difficulty.Generated == 0 || bill.Difficulty.Verifier == 0 {
			t.Errorf("bill %v: want all of it to be the estimate's", bill)
		}
		without := request
		without.Estimate = false
		plain, three := run(without)
		if plain.Answer != first.Answer || second.Answer != first.Answer {
			t.Errorf("answers %q, %q and without an estimate %q", first.Answer, second.Answer, plain.Answer)
		}
		if got, want := three.Bill.Policy.Generated, bill.Difficulty.Generated; got != want {
			t.Errorf("without an estimate it wrote %d tokens, the estimate %d", got, want)
		}
	})
}

// sixteen asks for a problem to be searched for as much as 16 samples cost.
func sixteen(problem string) planner.Request { return planner.Request{Problem: problem, Samples: 16} }
