// Package profile stores the results of calibration for a policy with a verifier, and
// chooses a strategy from them by difficulty and budget.
//
// A [Profile] is stored as JSON. `ponder calibrate` writes it, planners load it. It belongs
// to one pair of models, since the best strategy depends on the reward model (Liu et al.
// 2025, arXiv 2502.06703, "reward-aware").
package profile

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Format is the version of the JSON format.
const Format = 1

// A Profile holds what calibration measured, and the arms chosen by it.
type Profile struct {
	Format     int                     `json:"ponder_profile"`
	Name       string                  `json:"name"`    // shown in plans
	Command    string                  `json:"command"` // the command that made it
	Policy     reasoning.Model         `json:"policy"`
	Verifier   verifier.RewardModel    `json:"verifier"` // empty Name: no verifier
	Problems   Problems                `json:"problems"`
	Seeds      []uint64                `json:"seeds"`
	Sampling   reasoning.Sampling      `json:"sampling"`
	Estimator  EstimatorConfig         `json:"estimator"` // for the bins here and for plans
	Scheme     difficulty.Scheme       `json:"scheme"`
	Budgets    []Budget                `json:"budgets"`              // by N, ascending
	Bins       []Bin                   `json:"bins"`                 // easiest first
	All        []Arm                   `json:"all"`                  // on all problems, without an estimate
	Estimators []EstimatorQuality      `json:"estimators,omitempty"` // accuracy of each method
	Prompt     *difficulty.PromptModel `json:"prompt_model,omitempty"`
}

// Matches reports whether the profile was measured with these models; rewardModel is nil if
// there is no verifier. An empty version, tokenizer or template matches any.
func (p *Profile) Matches(policy reasoning.Model, rewardModel *verifier.RewardModel) bool {
	if rewardModel == nil {
		return p.Verifier.Name == "" && agree(p.Policy, policy)
	}
	return agree(p.Policy, policy) && agree(p.Verifier.Model, rewardModel.Model) &&
		(p.Verifier.Aggregator == 0 || p.Verifier.Aggregator == rewardModel.Aggregator)
}

// agree reports whether the names are equal and versions, tokenizers and templates do not
// conflict. It does not compare the numbers of parameters.
func agree(a, b reasoning.Model) bool {
	equal := func(a, b string) bool { return a == "" || b == "" || a == b }
	return a.Name == b.Name && equal(a.Version, b.Version) && equal(a.Tokenizer, b.Tokenizer) &&
		equal(a.Template, b.Template)
}
