package planner

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Sizes of a policy at which the best strategy changed in Liu et al. 2025.
const (
	medium = 7e9
	large  = 32e9
)

// misleadingRewardModels lists parts of the names of reward models that mislead a beam:
// Liu et al. 2025 (arXiv 2502.06703, §4.2) found their searches no better than sampling.
var misleadingRewardModels = []string{"math-shepherd", "rlhflow"}

// ruleOfThumb returns the plan for a budget of n samples and models without a profile, by
// the papers' results with other models.
//
//	n = 1        one greedy sample
//	no verifier  majority of n
//	misleading   best-of-n, for the reward models that mislead searches in Liu et al. 2025
//	unknown      best-of-n, if difficulty is not estimated because n is too small
//	policies of less than 7 B, and of unknown size (Liu et al. 2025; Snell et al. 2024, arXiv 2408.03314, §5.3)
//	  easy         best-of-n/2: a beam over-optimises the reward model on problems that samples solve
//	  others       beam of n, M = 4: these gain most from guidance
//	policies of 7 to 32 B (the authors of Liu et al. 2025)
//	  easy, medium DVTS of n, M = 4
//	  hard         beam of n, M = 4
//	larger       best-of-n (the authors of Liu et al. 2025)
func ruleOfThumb(n int, policy reasoning.Model, estimate *difficulty.Estimate, rewardModel *verifier.RewardModel) Plan {
	made := func(s search.Strategy, format string, args ...any) Plan {
		reason := "rule of thumb, as no profile matches the models: " + fmt.Sprintf(format, args...)
		return Plan{Strategy: s, Source: SourceRuleOfThumb, Reason: reason}
	}
	switch {
	case n <= 1:
		return made(search.Greedy{}, "one greedy sample")
	case rewardModel == nil:
		return made(search.Majority{N: n}, "no verifier, majority of %d", n)
	case misleads(rewardModel.Name):
		return made(search.BestOfN{N: n}, "best of %d, as %s misleads searches", n, rewardModel.Name)
	case estimate == nil:
		return made(search.BestOfN{N: n}, "difficulty not estimated, best of %d", n)
	case policy.Parameters > large:
		return made(search.BestOfN{N: n}, "best of %d, for a policy of more than 32 B", n)
	}
	bin := difficulty.Absolute.Bin(estimate.PassRate)
	about := fmt.Sprintf("%s (pass@1 about %.2f, 90 %% in [%.2f, %.2f] after %d samples)",
		difficulty.Absolute.Label(bin), estimate.PassRate, estimate.Low, estimate.High, estimate.Samples)
	n -= n % min(search.DefaultWidth, n)
	switch hard := bin == difficulty.Absolute.Bins()-1; {
	case policy.Parameters >= medium && !hard:
		dvts := search.NewDVTS(n)
		return made(dvts, "%s: DVTS of %d with width %d, for a policy of 7 to 32 B", about, n, dvts.M)
	case policy.Parameters < medium && bin == 0:
		return made(search.BestOfN{N: max(2, n/2)}, "%s: best of %d, as a beam would over-optimise", about, max(2, n/2))
	}
	beam := search.NewBeam(n)
	return made(beam, "%s: beam of %d with width %d, where guidance pays", about, n, beam.M)
}

// probeFrom is the least n for which the rule of thumb wants to know the difficulty.
const probeFrom = 4

// misleads reports whether a reward model is one of those that mislead searches.
func misleads(rewardModel string) bool {
	for _, family := range misleadingRewardModels {
		if strings.Contains(strings.ToLower(rewardModel), family) {
			return true
		}
	}
	return false
}
