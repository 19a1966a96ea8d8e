// Package profile holds what calibration measured of a policy with a verifier, and
// how a planner chooses by it: which strategy for which difficulty and budget.
//
// A [Profile] is a file of JSON that people can read. `ponder calibrate` writes it,
// planners load it. It belongs to one pair of models: a reward model that is easily
// fooled needs another strategy than one that is not (Liu et al. 2025, arXiv
// 2502.06703, "reward-aware").
package profile

import (
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Format of the profiles that this package reads and writes.
const Format = 1

// A Profile is what calibration measured, and the choices that follow from it.
type Profile struct {
	Format     int                     `json:"ponder_profile"`
	Name       string                  `json:"name"`    // which plans show
	Command    string                  `json:"command"` // that made it
	Policy     reasoning.Model         `json:"policy"`
	Verifier   verifier.RewardModel    `json:"verifier"` // without a name: none
	Problems   Problems                `json:"problems"`
	Seeds      []uint64                `json:"seeds"`
	Sampling   reasoning.Sampling      `json:"sampling"`
	Estimator  Estimator               `json:"estimator"` // of difficulty, for the bins here and for plans
	Scheme     difficulty.Scheme       `json:"scheme"`
	Budgets    []Budget                `json:"budgets"`              // by N, ascending
	Bins       []Bin                   `json:"bins"`                 // easiest first
	All        []Arm                   `json:"all"`                  // on all problems, difficulty not estimated
	Estimators []Quality               `json:"estimators,omitempty"` // how good estimates of difficulty were
	Prompt     *difficulty.PromptModel `json:"prompt_model,omitempty"`
}

// Problems identifies a set of problems.
type Problems struct {
	Set    string `json:"set"` // what people call it
	Count  int    `json:"count"`
	SHA256 string `json:"sha256"` // of ids, texts and answers
}

// An Estimator is a method of the difficulty service.
type Estimator struct {
	Method  string `json:"method"`
	Samples int    `json:"samples,omitempty"` // at most
}

// A Budget is one amount of text that a search may write, and how to spend it.
type Budget struct {
	N        int     `json:"n"`        // in whole samples, as the papers count
	Tokens   float64 `json:"tokens"`   // that N samples generate: the mean over problems
	Adaptive bool    `json:"adaptive"` // by difficulty: Rows; else Uniform
	Why      string  `json:"why"`
	Uniform  Arm     `json:"uniform"` // the best for all problems alike
	// Rows are the best for each bin, easiest first, at Tokens on average.
	Rows     []Arm `json:"rows,omitempty"`
	Measured Trial `json:"measured"` // by cross-validation: on problems that the choice did not see
}

// An Arm is a strategy and what it achieved. Costs are means over problems; in a bin
// they include the estimate's, less the samples that the search used again.
type Arm struct {
	Strategy  string         `json:"strategy"` // "beam", or with parameters "beam:narrow=true"
	N         int            `json:"n"`
	Accuracy  stats.Interval `json:"accuracy"`
	Expected  float64        `json:"expected"` // accuracy, shrunk towards that of other bins and arms
	Generated float64        `json:"generated_tokens"`
	Verifier  float64        `json:"verifier_tokens"`
	FLOPs     float64        `json:"flops"`
	Seconds   float64        `json:"seconds,omitempty"` // to the answer, on an idle mesh; 0 is not measured

	search search.Strategy // that Strategy and N name; set by Read
}

// Search returns the strategy of an arm of a profile that Read returned.
func (a Arm) Search() search.Strategy { return a.search }

// A Bin is the problems of one difficulty.
type Bin struct {
	Label    string `json:"label"`
	Problems int    `json:"problems"`
	Arms     []Arm  `json:"arms"`
}

// A Trial is what a choice achieved on problems that it was not made by.
type Trial struct {
	Adaptive     Outcome        `json:"adaptive"`
	Uniform      Outcome        `json:"uniform"`
	Difference   stats.Interval `json:"difference"`        // of accuracy, adaptive − uniform, paired by problem
	TokensSaved  stats.Interval `json:"tokens_difference"` // of generated tokens, adaptive − uniform
	WithoutReuse Outcome        `json:"without_reuse"`     // adaptive, if the estimate's samples are paid again
	Chosen       Outcome        `json:"chosen"`            // that of the two that the profile would have chosen
}

// An Outcome is an accuracy and what it cost.
type Outcome struct {
	Accuracy      stats.Interval `json:"accuracy"`
	Generated     float64        `json:"generated_tokens"`
	Verifier      float64        `json:"verifier_tokens"`
	FLOPs         float64        `json:"flops"`
	VerifierFLOPs float64        `json:"verifier_flops"` // part of FLOPs
}

// A Quality compares a way to estimate difficulty with many samples whose answers were
// checked.
type Quality struct {
	Method    string  `json:"method"`
	Samples   float64 `json:"samples"`      // the mean
	Spearman  float64 `json:"spearman"`     // rank correlation with the truth
	Bins      float64 `json:"bin_accuracy"` // how often the bin was the true one
	Generated float64 `json:"generated_tokens"`
	Verifier  float64 `json:"verifier_tokens"`
}

// Matches reports whether the profile was made of these models; rewardModel is nil where
// there is none. A version that either side does not know is no difference.
func (p *Profile) Matches(policy reasoning.Model, rewardModel *verifier.RewardModel) bool {
	if rewardModel == nil {
		return p.Verifier.Name == "" && agree(p.Policy, policy)
	}
	return agree(p.Policy, policy) && agree(p.Verifier.Model, rewardModel.Model) &&
		(p.Verifier.Aggregator == 0 || p.Verifier.Aggregator == rewardModel.Aggregator)
}

// agree reports whether nothing that both models say differs.
func agree(a, b reasoning.Model) bool {
	equal := func(a, b string) bool { return a == "" || b == "" || a == b }
	return a.Name == b.Name && equal(a.Version, b.Version) && equal(a.Template, b.Template)
}
