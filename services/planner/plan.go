package planner

import (
	"fmt"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Plan is a decision and its reason.
type Plan struct {
	Strategy          search.Strategy
	Choice            search.Choice
	Reason            string
	PredictedTokens   int64    // that the policy is expected to generate; 0 when nothing is known
	PredictedAccuracy *float64 // nil when nothing is known
}

// samplesOf effort: how many solutions' worth of text may be written. The grid 4,
// 16, 64, 256 is the papers' (Snell et al. 2024, Liu et al. 2025).
var samplesOf = map[Effort]int{None: 1, Minimal: 2, Low: 4, Normal: 8, High: 16, XHigh: 64, Max: 256}

// beamWidth is M of every planned beam: 4 in Snell et al. 2024, Beeching et al.
// 2024 and Liu et al. 2025.
const beamWidth = 4

// probes says whether the effort is worth estimating difficulty for.
func (e Effort) probes() bool { return e >= Low }

// plan is the table effort × difficulty → strategy. It is a rule of thumb from the
// papers, not a measurement of this policy and this reward model:
//
//	effort    none     one greedy sample
//	          others   N = 2, 4, 8, 16, 64, 256 from minimal to max
//	no judge  any      majority of N
//	easy      N/2      best-of-N: a beam over-optimises the reward model where samples are right anyway
//	                   (Snell et al. 2024, arXiv 2408.03314, §5.3)
//	medium    N        beam, M = 4: where it gains most (Snell §5.3; Liu et al. 2025, arXiv 2502.06703, for policies < 7B)
//	hard      N        beam, M = 4
//	unknown   N        best-of-N: not estimated, as the effort is too small for a probe
func plan(effort Effort, estimate *difficulty.Estimate, judge *verifier.Judge) Plan {
	n := samplesOf[effort]
	switch {
	case effort == None:
		return Plan{Strategy: search.Greedy{}, Reason: "effort none: one greedy sample"}
	case judge == nil:
		return Plan{Strategy: search.Majority{N: n}, Reason: fmt.Sprintf("effort %s, no verifier: majority of %d", effort, n)}
	case estimate == nil:
		return Plan{Strategy: search.BestOfN{N: n}, Reason: fmt.Sprintf("effort %s, difficulty not estimated: best of %d", effort, n)}
	}
	about := fmt.Sprintf("effort %s, %s (pass@1 about %.2f, 90 %% in [%.2f, %.2f] after %d samples)",
		effort, estimate.Bin(), estimate.PassRate, estimate.Low, estimate.High, estimate.Samples)
	if estimate.Bin() == difficulty.Easy {
		n = max(2, n/2)
		return Plan{Strategy: search.BestOfN{N: n}, Reason: about + fmt.Sprintf(": best of %d, as a beam would over-optimise", n)}
	}
	m := min(beamWidth, n)
	return Plan{Strategy: search.Beam{N: n, M: m, MaxLevels: defaultLevels}, Reason: about + fmt.Sprintf(": beam of %d with width %d, where guidance pays", n, m)}
}

// defaultLevels of a beam: the 40 rounds of Snell et al. 2024, §5.1.
const defaultLevels = 40

// choice is the planner's choice for a strategy: the reward model's own aggregator,
// votes weighted by it, or majority where nothing is scored.
func choice(s search.Strategy, judge *verifier.Judge) search.Choice {
	if judge == nil || !s.Judged() {
		return search.Choice{}
	}
	return search.By(judge.Aggregator, true)
}
