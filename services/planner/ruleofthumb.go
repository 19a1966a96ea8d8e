package planner

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Sizes at which Liu et al. 2025 saw the best strategy change.
const (
	medium = 7e9
	large  = 32e9
)

// weakJudges are reward models, by a part of their names, whose searches Liu et al. 2025
// (arXiv 2502.06703, §4.2) found no better than sampling: they mislead a beam.
var misleadingRewardModels = []string{"math-shepherd", "rlhflow"}

// thumb is the plan for n samples' worth of text where nobody measured these models: a
// rule of thumb from the papers' experience with others.
//
//	n = 1        one greedy sample
//	no judge     majority of n
//	weak judge   best-of-n, for the families that Liu et al. 2025 found to mislead searches
//	unknown      best-of-n: not estimated, as n is too small for a probe
//	policies of less than 7 B, and of unknown size (Liu et al. 2025; Snell et al. 2024, arXiv 2408.03314, §5.3)
//	  easy         best-of-n/2: a beam over-optimises the reward model where samples are right anyway
//	  others       beam of n, M = 4: where guidance gains most
//	policies of 7 to 32 B (the authors of Liu et al. 2025)
//	  easy, medium DVTS of n, M = 4
//	  hard         beam of n, M = 4
//	larger       best-of-n (the authors of Liu et al. 2025)
func ruleOfThumb(n int, policy reasoning.Model, estimate *difficulty.Estimate, rewardModel *verifier.RewardModel) Plan {
	made := func(s search.Strategy, format string, args ...any) Plan {
		return Plan{Strategy: s, Source: SourceRuleOfThumb, Reason: "rule of thumb, as nobody measured these models: " + fmt.Sprintf(format, args...)}
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
