package planner

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Numbers of parameters between which DVTS was the best strategy for easy and medium problems
// (issue 4 of the code of Liu et al. 2025).
const (
	minMedium = 7e9
	maxMedium = 32e9
)

// misleadingRewardModels lists parts of the names of reward models that mislead a beam:
// Liu et al. 2025 (arXiv 2502.06703, §4.2) found their searches no better than sampling.
var misleadingRewardModels = []string{"math-shepherd", "rlhflow"}

// ruleOfThumb returns the plan for a budget of n samples and models without a profile, by
// the papers' results with other models. The first row that applies is the plan:
//
//	n ≤ 1                    one greedy sample
//	no verifier              majority of n
//	misleading reward model  best-of-n: a search did no better in Liu et al. 2025
//	steps cannot run         best-of-n: the policy's server, or the reward model, lacks what searches over steps need
//	policy above 32 B        best-of-n (issue 4 of the code of Liu et al. 2025)
//	no estimate              best-of-n, if n < 4, if there is no estimator or it failed, or if the request has
//	                         only a Budget
//	policy of 7 to 32 B (issue 4 of the code of Liu et al. 2025)
//	  easy, medium           DVTS of n, M = 4
//	  hard                   beam of n, M = 4
//	policy of less than 7 B, or of unknown size (Liu et al. 2025; Snell et al. 2024, arXiv 2408.03314, §5.3)
//	  easy                   best-of-n/2: a beam over-optimises the reward model on problems that samples solve
//	  medium, hard           beam of n, M = 4: these gain most from guidance
//
// steps is the error of models.canRun for a strategy that takes steps.
func ruleOfThumb(
	n int, policy reasoning.Model, estimate *difficulty.Estimate, rewardModel *verifier.RewardModel, steps error,
) Plan {
	plan := func(s search.Strategy, format string, args ...any) Plan {
		reason := "rule of thumb, as no profile matches the models: " + fmt.Sprintf(format, args...)
		return Plan{Strategy: s, Source: SourceRuleOfThumb, Reason: reason}
	}
	switch {
	case n <= 1:
		return plan(search.Greedy{}, "one greedy sample")
	case rewardModel == nil:
		return plan(search.Majority{N: n}, "no verifier, majority of %d", n)
	case misleads(rewardModel.Name):
		return plan(search.BestOfN{N: n}, "best of %d, as %s misleads searches", n, rewardModel.Name)
	case steps != nil:
		return plan(search.BestOfN{N: n}, "best of %d, as no strategy that takes steps can run: %v", n, steps)
	case policy.Parameters > maxMedium:
		return plan(search.BestOfN{N: n}, "best of %d, for a policy of more than 32 B", n)
	case estimate == nil:
		return plan(search.BestOfN{N: n}, "difficulty not estimated, best of %d", n)
	}
	bin := difficulty.Absolute.Bin(estimate.PassRate)
	about := fmt.Sprintf("%s (pass@1 about %.2f, 90 %% in [%.2f, %.2f] after %d samples)",
		difficulty.Absolute.Label(bin), estimate.PassRate, estimate.Low, estimate.High, estimate.Samples)
	n -= n % min(search.DefaultWidth, n)
	switch hard := bin == difficulty.Absolute.Bins()-1; {
	case policy.Parameters >= minMedium && !hard:
		dvts := search.NewDVTS(n)
		return plan(dvts, "%s: DVTS of %d with width %d, for a policy of 7 to 32 B", about, n, dvts.M)
	case policy.Parameters < minMedium && bin == 0:
		return plan(search.BestOfN{N: max(2, n/2)}, "%s: best of %d, as a beam would over-optimise", about, max(2, n/2))
	}
	beam := search.NewBeam(n)
	return plan(beam, "%s: beam of %d with width %d, as step-wise scores help most here", about, n, beam.M)
}

// minEstimated is the least n for which the rule of thumb uses an estimate of difficulty.
const minEstimated = 4

// usesDifficulty reports whether the plan of ruleOfThumb depends on an estimate of difficulty.
func usesDifficulty(n int, policy reasoning.Model, rewardModel *verifier.RewardModel, steps error) bool {
	return n >= minEstimated && rewardModel != nil && !misleads(rewardModel.Name) && steps == nil && policy.Parameters <= maxMedium
}

// misleads reports whether a reward model is one of those that mislead searches.
func misleads(rewardModel string) bool {
	for _, family := range misleadingRewardModels {
		if strings.Contains(strings.ToLower(rewardModel), family) {
			return true
		}
	}
	return false
}
