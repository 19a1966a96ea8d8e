package difficulty

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/ponder-mesh/ponder/reasoning"
)

// ridge is the penalty on squared weights, against overfitting to few problems.
const ridge = 1

// FitPrompt fits a PromptModel to problems and their pass rates, in [0,1]. It returns a
// *reasoning.InvalidError for rates outside, or for fewer than three problems per feature.
func FitPrompt(texts []string, rates []float64) (PromptModel, error) {
	if least := 3 * len(FeatureNames); len(texts) != len(rates) || len(texts) < least {
		return PromptModel{}, reasoning.Invalid("problems", "must have %d or more, with one rate each: has %d problems and %d rates",
			least, len(texts), len(rates))
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
	residuals := make([]float64, len(rows))
	for fold := range folds {
		var trainRows [][]float64
		var trainRates []float64
		for i := range rows {
			if i%folds != fold {
				trainRows, trainRates = append(trainRows, rows[i]), append(trainRates, rates[i])
			}
		}
		model, err := fit(trainRows, trainRates)
		if err != nil {
			return m, err
		}
		for i := fold; i < len(rows); i += folds {
			residuals[i] = math.Abs(model.predict(rows[i]) - rates[i])
		}
	}
	slices.Sort(residuals)
	// The quantile of conformal prediction (Vovk et al. 2005), of cross-validated residuals: the
	// coverage of 90 % is approximate, since m is fitted to all problems.
	m.Error = residuals[min(len(residuals)-1, int(math.Ceil(0.9*float64(len(residuals)+1)))-1)]
	return m, nil
}

// fit maximizes the likelihood of rates, as fractional successes, with the ridge penalty,
// by Newton's method.
func fit(rows [][]float64, rates []float64) (PromptModel, error) {
	m, x := standardize(rows)
	n, d := len(rows), len(FeatureNames)
	w := mat.NewVecDense(d+1, nil)
	for range 25 {
		hessian, gradient := mat.NewSymDense(d+1, nil), mat.NewVecDense(d+1, nil)
		for j := range d {
			hessian.SetSym(j, j, ridge)
			gradient.SetVec(j, -ridge*w.AtVec(j))
		}
		hessian.SetSym(d, d, 1e-6) // the bias has no penalty; this keeps the matrix positive definite
		for i := range n {
			row := x.RowView(i)
			p := logistic(mat.Dot(row, w))
			gradient.AddScaledVec(gradient, rates[i]-p, row)
			hessian.SymRankOne(hessian, p*(1-p), row)
		}
		var chol mat.Cholesky
		var step mat.VecDense
		if !chol.Factorize(hessian) {
			return m, fmt.Errorf("fit prompt model: the Hessian is not positive definite: is a feature not finite?")
		}
		if err := chol.SolveVecTo(&step, gradient); err != nil {
			return m, fmt.Errorf("fit prompt model: %w", err)
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

// standardize returns a model with the mean and the standard deviation of each feature, and the
// standardized features of each row with a last column of ones.
func standardize(rows [][]float64) (PromptModel, *mat.Dense) {
	n, d := len(rows), len(FeatureNames)
	m := PromptModel{
		Features: FeatureNames, Mean: make([]float64, d), Spread: make([]float64, d), Weights: make([]float64, d),
	}
	for j := range d {
		for _, row := range rows {
			m.Mean[j] += row[j] / float64(n)
		}
		for _, row := range rows {
			m.Spread[j] += (row[j] - m.Mean[j]) * (row[j] - m.Mean[j]) / float64(n)
		}
		m.Spread[j] = math.Sqrt(m.Spread[j])
		if m.Spread[j] < 1e-9 { // a constant feature
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
	return m, x
}
