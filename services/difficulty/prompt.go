package difficulty

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A PromptModel predicts pass@1 from a problem's text: a logistic regression on
// Features, of one policy on one kind of problems. It sees how long and how wordy a
// problem is, not what it asks.
type PromptModel struct {
	Features []string  `json:"features"` // by name, as FeatureNames had them
	Mean     []float64 `json:"mean"`     // of each, where it was fitted
	Spread   []float64 `json:"spread"`   // standard deviation
	Weights  []float64 `json:"weights"`  // of each in spreads from the mean
	Bias     float64   `json:"bias"`
	Error    float64   `json:"error"` // 90 % of the problems were this near, when others were fitted
}

// ridge holds weights small: as if each were seen once to be zero. With few problems
// features are as good as noise.
const ridge = 1

// FitPrompt learns from problems and their pass rates. It refuses fewer problems than
// three for a feature.
func FitPrompt(texts []string, rates []float64) (PromptModel, error) {
	if len(texts) != len(rates) || len(texts) < 3*len(FeatureNames) {
		return PromptModel{}, reasoning.Invalid("problems", "must be %d or more, each with a rate: are %d and %d", 3*len(FeatureNames), len(texts), len(rates))
	}
	if slices.ContainsFunc(rates, func(r float64) bool { return !(r >= 0 && r <= 1) }) {
		return PromptModel{}, reasoning.Invalid("rates", "must be in [0,1]")
	}
	rows := make([][]float64, len(texts))
	for i, text := range texts {
		rows[i] = Features(text)
	}
	m, err := fit(rows, rates)
	if err != nil {
		return m, err
	}
	const folds = 5
	errors := make([]float64, len(rows))
	for fold := range folds {
		var some [][]float64
		var theirs []float64
		for i := range rows {
			if i%folds != fold {
				some, theirs = append(some, rows[i]), append(theirs, rates[i])
			}
		}
		other, err := fit(some, theirs)
		if err != nil {
			return m, err
		}
		for i := fold; i < len(rows); i += folds {
			errors[i] = math.Abs(other.of(rows[i]) - rates[i])
		}
	}
	slices.Sort(errors)
	m.Error = errors[min(len(errors)-1, int(math.Ceil(0.9*float64(len(errors)+1)))-1)] // split conformal (Vovk et al. 2005)
	return m, nil
}

// fit is Newton's method on the likelihood of rates, as parts of successes, and the
// ridge.
func fit(rows [][]float64, rates []float64) (PromptModel, error) {
	n, d := len(rows), len(FeatureNames)
	m := PromptModel{Features: FeatureNames, Mean: make([]float64, d), Spread: make([]float64, d), Weights: make([]float64, d)}
	for j := range d {
		for _, row := range rows {
			m.Mean[j] += row[j] / float64(n)
		}
		for _, row := range rows {
			m.Spread[j] += (row[j] - m.Mean[j]) * (row[j] - m.Mean[j]) / float64(n)
		}
		m.Spread[j] = math.Sqrt(m.Spread[j])
		if m.Spread[j] < 1e-9 { // all the same: it tells nothing
			m.Spread[j] = 1
		}
	}
	x := mat.NewDense(n, d+1, nil)
	for i, row := range rows {
		for j := range d {
			x.Set(i, j, (row[j]-m.Mean[j])/m.Spread[j])
		}
		x.Set(i, d, 1)
	}
	w := mat.NewVecDense(d+1, nil)
	for range 25 {
		hessian, gradient := mat.NewSymDense(d+1, nil), mat.NewVecDense(d+1, nil)
		for j := range d {
			hessian.SetSym(j, j, ridge)
			gradient.SetVec(j, -ridge*w.AtVec(j))
		}
		hessian.SetSym(d, d, 1e-6)
		for i := range n {
			row := x.RowView(i)
			p := logistic(mat.Dot(row, w))
			gradient.AddScaledVec(gradient, rates[i]-p, row)
			hessian.SymRankOne(hessian, p*(1-p), row)
		}
		var chol mat.Cholesky
		var step mat.VecDense
		if !chol.Factorize(hessian) {
			return m, fmt.Errorf("fit difficulty to text: the features do not determine weights")
		}
		if err := chol.SolveVecTo(&step, gradient); err != nil {
			return m, fmt.Errorf("fit difficulty to text: %w", err)
		}
		w.AddVec(w, &step)
		if mat.Norm(&step, 2) < 1e-9 {
			break
		}
	}
	for j := range d {
		m.Weights[j] = w.AtVec(j)
	}
	m.Bias = w.AtVec(d)
	return m, nil
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// of features.
func (m PromptModel) of(features []float64) float64 {
	z := m.Bias
	for j, f := range features {
		z += m.Weights[j] * (f - m.Mean[j]) / m.Spread[j]
	}
	return logistic(z)
}

// Of a problem's text: the pass rate to expect and its 90 % interval.
func (m PromptModel) Of(text string) (rate, low, high float64) {
	rate = m.of(Features(text))
	return rate, max(0, rate-m.Error), min(1, rate+m.Error)
}

// Validate returns a *reasoning.InvalidError if m is not of these features.
func (m PromptModel) Validate() error {
	if !slices.Equal(m.Features, FeatureNames) {
		return reasoning.Invalid("prompt_model.features", "must be %v, are %v: fit it again", FeatureNames, m.Features)
	}
	if !(m.Error >= 0 && m.Error <= 1) {
		return reasoning.Invalid("prompt_model.error", "must be in [0,1], is %v", m.Error)
	}
	for name, list := range map[string][]float64{"mean": m.Mean, "spread": m.Spread, "weights": m.Weights} {
		if len(list) != len(FeatureNames) {
			return reasoning.Invalid("prompt_model."+name, "must be %d, are %d", len(FeatureNames), len(list))
		}
	}
	if slices.ContainsFunc(m.Spread, func(s float64) bool { return !(s > 0) }) {
		return reasoning.Invalid("prompt_model.spread", "must be above 0, are %v", m.Spread)
	}
	return nil
}

// LoadPrompt reads the model under the key prompt_model of a JSON file, such as a
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
		return nil, fmt.Errorf("prompt model %s: %w", path, reasoning.Invalid("prompt_model", "is not there"))
	}
	if err := file.Model.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file.Model, nil
}

// A Prompt estimates difficulty from the problem's text alone: at once, for nothing,
// and roughly.
type Prompt struct {
	Model PromptModel
}

// Estimate implements Estimator: one estimate.
func (p *Prompt) Estimate(_ context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	return func(yield func(Estimate, error) bool) {
		e := Estimate{Final: true}
		e.PassRate, e.Low, e.High = p.Model.Of(r.Problem)
		yield(e.in(r.scheme()), nil)
	}
}
