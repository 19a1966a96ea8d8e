package planner

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/state"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// want returns how much a search may cost whose strategy is to be planned.
func want(r Request, now time.Time) profile.Limits {
	return profile.Limits{
		N: r.Samples, Tokens: r.Budget.PolicyTokens, Verifier: r.Budget.VerifierTokens, FLOPs: r.Budget.FLOPs,
		Time: max(1, r.Deadline.Sub(now)),
	}
}

// decide returns the plan: the request's own where it says, else that of the models'
// profile, else the rule of thumb. Estimate is nil if difficulty was not estimated.
func (p *Planner) decide(r Request, estimate *difficulty.Estimate, m models) Plan {
	made := Plan{Strategy: r.Strategy, Reason: "as requested", Source: SourceRequest}
	switch {
	case made.Strategy == nil && m.profile != nil:
		made = follow(m.profile, want(r, time.Now()), estimate)
	case made.Strategy == nil:
		made = ruleOfThumb(cmp.Or(r.Samples, state.SamplesOf[EffortMedium]), m.policy, estimate, m.rewardModel)
	case made.Strategy.NeedsVerifier() && m.rewardModel == nil:
		n := min(made.Strategy.Samples(), search.MaxN)
		made.Reason = fmt.Sprintf("majority of %d instead of %s, as the verifier does not answer", n, made.Strategy.Name())
		made.Strategy = search.Majority{N: n}
	}
	made.Policy = m.policy
	if m.rewardModel != nil {
		made.RewardModel = m.rewardModel.Model
	}
	made.Choice = choice(made.Strategy, m.rewardModel)
	switch {
	case r.Choice == nil:
	case r.Choice.NeedsScores() && !made.Strategy.NeedsVerifier():
		made.Reason += fmt.Sprintf("; chosen by %s instead of %s, as nothing is scored", made.Choice, r.Choice)
	default:
		made.Choice = *r.Choice
	}
	// What settles a majority does not settle another choice, and what an early stop
	// leaves unpaid depends on timing, which a solo bill must not.
	if made.Choice != (search.Choice{}) || p.cfg.Solo && made.Source != SourceRequest {
		made.Strategy = search.Exhaustive(made.Strategy)
	}
	if made.PredictedTokens == 0 && estimate != nil && estimate.Samples > 0 {
		made.PredictedTokens = int64(made.Strategy.Samples()) * estimate.Usage.Generated / int64(estimate.Samples)
	}
	return made
}

// follow is the plan by a profile.
func follow(p *profile.Profile, w profile.Limits, estimate *difficulty.Estimate) Plan {
	c := p.Choose(w, estimate)
	made := Plan{
		Strategy: c.Arm.Search(), Source: SourceProfile, Profile: p.Name, Bin: c.Bin, Reason: c.Reason,
		PredictedTokens: int64(c.Arm.Generated), PredictedFLOPs: c.Arm.FLOPs, PredictedTime: time.Duration(c.Arm.Seconds * float64(time.Second)),
		PredictedAccuracy: &c.Arm.Expected,
	}
	if estimate != nil && c.Bin != "" {
		made.Reason = fmt.Sprintf("%s (pass@1 about %.2f, 90 %% in [%.2f, %.2f] after %d samples), %s",
			c.Bin, estimate.PassRate, estimate.Low, estimate.High, estimate.Samples, made.Reason)
	}
	return made
}

// choice returns the default choice for a strategy: votes weighted by the reward model's
// own aggregator, or majority if nothing is scored.
func choice(s search.Strategy, rewardModel *verifier.RewardModel) search.Choice {
	if rewardModel == nil || !s.NeedsVerifier() {
		return search.Choice{}
	}
	return search.Choice{By: search.ByAggregator(rewardModel.Aggregator), Pick: search.PickVote}
}
