package planner

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// limits returns the cost limits within which the strategy of r is planned.
func limits(r Request, now time.Time) profile.Limits {
	return profile.Limits{
		N: r.Samples, Tokens: r.Budget.PolicyTokens, Verifier: r.Budget.VerifierTokens, FLOPs: r.Budget.FLOPs,
		Time: max(1, r.Deadline.Sub(now)),
	}
}

// decide returns the plan: r.Strategy if it is set, otherwise the choice of the models' profile,
// otherwise the rule of thumb. It plans no strategy that the models surely cannot run. estimate is
// nil if difficulty was not estimated.
func (p *Planner) decide(r Request, estimate *difficulty.Estimate, m models) Plan {
	plan := Plan{Strategy: r.Strategy, Reason: "as requested", Source: SourceRequest}
	switch {
	case plan.Strategy == nil && m.profile != nil:
		plan = follow(m.profile, limits(r, time.Now()), estimate)
	case plan.Strategy == nil:
		plan = ruleOfThumb(cmp.Or(r.Samples, EffortMedium.Samples()), m.policy.Model, estimate, m.rewardModel, m.canTakeSteps())
	case plan.Strategy.NeedsVerifier() && m.rewardModel == nil:
		n := min(plan.Strategy.Samples(), search.MaxN)
		plan.Reason = fmt.Sprintf("majority of %d instead of %s, as the verifier does not answer", n, plan.Strategy.Name())
		plan.Strategy = search.Majority{N: n}
	}
	plan.Policy = m.policy.Model
	if m.rewardModel != nil {
		plan.RewardModel = m.rewardModel.Model
	}
	plan.Choice = choice(plan.Strategy, m.rewardModel)
	switch {
	case r.Choice == nil:
	case r.Choice.NeedsScores() && !plan.Strategy.NeedsVerifier():
		plan.Reason += fmt.Sprintf("; chosen by %s instead of %s, as nothing is scored", plan.Choice, r.Choice)
	default:
		plan.Choice = *r.Choice
	}
	// Early stopping suits only the choice majority. With Config.Solo a planned strategy does not
	// stop early either, because the cost that stopping saves depends on timing.
	if plan.Choice != (search.Choice{}) || p.cfg.Solo && plan.Source != SourceRequest {
		plan.Strategy = search.Exhaustive(plan.Strategy)
	}
	if plan.PredictedTokens == 0 && estimate != nil && estimate.Samples > 0 {
		plan.PredictedTokens = int64(plan.Strategy.Samples()) * estimate.Usage.Generated / int64(estimate.Samples)
	}
	return plan
}

// follow returns the plan that a profile gives within limits.
func follow(p *profile.Profile, l profile.Limits, estimate *difficulty.Estimate) Plan {
	c := p.Choose(l, estimate)
	plan := Plan{
		Strategy: c.Arm.Search(), Source: SourceProfile, Profile: p.Name, Bin: c.Bin, Reason: c.Reason,
		PredictedTokens: int64(c.Arm.Generated), PredictedFLOPs: c.Arm.FLOPs, PredictedTime: time.Duration(c.Arm.Seconds * float64(time.Second)),
		PredictedAccuracy: &c.Arm.Expected,
	}
	if estimate != nil && c.Bin != "" {
		plan.Reason = fmt.Sprintf("%s (pass@1 about %.2f, 90 %% in [%.2f, %.2f] after %d samples), %s",
			c.Bin, estimate.PassRate, estimate.Low, estimate.High, estimate.Samples, plan.Reason)
	}
	return plan
}

// choice returns the default choice for a strategy: votes weighted by the reward model's
// own aggregator, or majority if nothing is scored.
func choice(s search.Strategy, rewardModel *verifier.RewardModel) search.Choice {
	if rewardModel == nil || !s.NeedsVerifier() {
		return search.Choice{}
	}
	return search.Choice{By: search.ByAggregator(rewardModel.Aggregator), Pick: search.PickVote}
}
