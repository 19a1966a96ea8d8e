package difficulty

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A PromptModel predicts pass@1 from a problem's text by a logistic regression on
// Features. It is fitted to one policy and one kind of problems. It depends on the length
// and the vocabulary of a problem, not on its meaning.
type PromptModel struct {
	Features []string  `json:"features"` // FeatureNames at the time of the fit
	Mean     []float64 `json:"mean"`     // of each feature over the problems of the fit
	Spread   []float64 `json:"spread"`   // standard deviation of each feature
	Weights  []float64 `json:"weights"`  // of each feature, standardized
	Bias     float64   `json:"bias"`
	Error    float64   `json:"error"` // 90 % quantile of the cross-validated absolute error
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// predict returns the pass rate of a problem with these features.
func (m PromptModel) predict(features []float64) float64 {
	z := m.Bias
	for j, f := range features {
		z += m.Weights[j] * (f - m.Mean[j]) / m.Spread[j]
	}
	return logistic(z)
}

// Predict returns the expected pass rate of a problem and its 90 % interval.
func (m PromptModel) Predict(text string) (rate, low, high float64) {
	rate = m.predict(Features(text))
	return rate, max(0, rate-m.Error), min(1, rate+m.Error)
}

// Validate returns a *reasoning.InvalidError unless m was fitted to the features of this
// version and is well-formed.
func (m PromptModel) Validate() error {
	if !slices.Equal(m.Features, FeatureNames) {
		return reasoning.Invalid("prompt_model.features", "%s: run ponder calibrate again", difference(m.Features))
	}
	if !(m.Error >= 0 && m.Error <= 1) {
		return reasoning.Invalid("prompt_model.error", "must be in [0,1], is %v", m.Error)
	}
	for name, list := range map[string][]float64{"mean": m.Mean, "spread": m.Spread, "weights": m.Weights} {
		if len(list) != len(FeatureNames) {
			return reasoning.Invalid("prompt_model."+name, "must have %d values, has %d", len(FeatureNames), len(list))
		}
	}
	if slices.ContainsFunc(m.Spread, func(s float64) bool { return !(s > 0) }) {
		return reasoning.Invalid("prompt_model.spread", "must have values above 0, has %v", m.Spread)
	}
	return nil
}

// difference describes the first difference of features from FeatureNames.
func difference(features []string) string {
	if len(features) != len(FeatureNames) {
		return fmt.Sprintf("must have %d features, has %d", len(FeatureNames), len(features))
	}
	for i, name := range FeatureNames {
		if features[i] != name {
			return fmt.Sprintf("must have feature %d = %q, has %q", i, name, features[i])
		}
	}
	return ""
}

// LoadPrompt reads a PromptModel from the key prompt_model of a JSON file, such as a
// profile of ponder calibrate.
func LoadPrompt(path string) (*PromptModel, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("prompt model: %w", err)
	}
	var file struct {
		Model *PromptModel `json:"prompt_model"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("prompt model %s: %w", path, err)
	}
	if file.Model == nil {
		err := reasoning.Invalid("prompt_model", "must be present: run ponder calibrate")
		return nil, fmt.Errorf("prompt model %s: %w", path, err)
	}
	if err := file.Model.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file.Model, nil
}
