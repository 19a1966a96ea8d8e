package report

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
)

// Models holds the sizes and the training of models by name, which results files do not have.
type Models map[string]Training

// A Training holds a model's size and the number of tokens that it was trained on.
type Training struct {
	Parameters     int64   `json:"parameters"`
	Active         int64   `json:"active_parameters,omitempty"` // per token, in a mixture of experts; 0: all
	TrainingTokens float64 `json:"training_tokens"`
}

// ReadModels reads Models from a JSON file.
func ReadModels(path string) (Models, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	var m Models
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("models %s: %w", path, err)
	}
	for name, model := range m {
		switch {
		case model.Parameters <= 0:
			return nil, reasoning.Invalid(name+".parameters", "must be more than 0, is %d", model.Parameters)
		case model.Active < 0 || model.Active > model.Parameters:
			return nil, reasoning.Invalid(name+".active_parameters", "must be 0 to %d, is %d", model.Parameters,
				model.Active)
		case !(model.TrainingTokens >= 0):
			return nil, reasoning.Invalid(name+".training_tokens", "must be 0 or more, is %v", model.TrainingTokens)
		}
	}
	return m, nil
}

// TotalFLOPs returns Table 4 of Liu et al. 2025 (arXiv 2502.06703): the FLOPs of a policy's training, 6 ×
// parameters × tokens, of its searches of all problems, and of the verifier, and their sum. For a mixture of
// experts the active parameters count, in training and in inference; the paper's row of DeepSeek-R1 counts
// all 671 B in training. Inference is the billed amount, as bills count the active parameters
// (reasoning.Model).
func TotalFLOPs(sweeps []Sweep, m Models) (table.Table, error) {
	t := table.New("policy", "method", ">N", "accuracy [95 %]", ">pre-training", ">inference", ">verifier", ">total")
	for _, s := range sweeps {
		name := s.Header.Policy.Name
		model, ok := m[name]
		if !ok {
			return t, reasoning.Invalid("models", "%s is not in the file: add the model to the file of --models", name)
		}
		active := model.Parameters
		if model.Active > 0 {
			active = model.Active
		}
		training := 6 * float64(active) * model.TrainingTokens
		co, curve := s.optimal()
		best, searched := curve.best()
		greedy, answered := s.Curve("greedy").best()
		add := func(method string, r Row) {
			n := 1e9 * float64(len(s.Problems))
			inference, verifier := n*r.PolicyGF, n*r.VerifierGF
			t.Add(name, method, fmt.Sprint(r.N), r.Accuracy.Percent(), fmt.Sprintf("%.2e", training),
				fmt.Sprintf("%.2e", inference), fmt.Sprintf("%.2e", verifier),
				fmt.Sprintf("%.2e", training+inference+verifier))
		}
		if answered {
			add("greedy", greedy)
		}
		if searched && !best.Arm.Greedy() {
			add(co, best)
		}
	}
	return t, nil
}
