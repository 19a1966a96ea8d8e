package calibrate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// methodEstimates holds the estimates of one method by problem, and their cost.
type methodEstimates struct {
	rates   map[string]float64
	quality profile.EstimatorQuality
}

// estimatesOf returns the estimates in a bench's results by method and number of samples, with the first seed
// only. The estimates of the probe are those of estimate+greedy.
func estimatesOf(m *bench.Matrix) map[string]*methodEstimates {
	all := map[string]*methodEstimates{}
	for _, row := range m.Rows {
		method, n := row.Arm.Method, row.Arm.N
		switch {
		case row.Arm.Kind == bench.KindDifficulty:
		case row.Arm.Kind == bench.KindEstimated && row.Arm.Greedy():
			method, n = difficulty.MethodProbe, difficulty.DefaultSamples
		default:
			continue
		}
		name := fmt.Sprintf("%s of %d", method, n)
		if all[name] == nil {
			all[name] = &methodEstimates{map[string]float64{}, profile.EstimatorQuality{Method: name}}
		}
		for _, r := range row.Results {
			all[name].add(r)
		}
	}
	return all
}

// add adds the estimate of a result, unless the problem has one.
func (o *methodEstimates) add(r bench.Result) {
	if _, found := o.rates[r.Problem]; !found {
		o.rates[r.Problem] = r.Estimate.Rate
		o.quality.Samples += float64(r.Estimate.Samples)
		o.quality.Generated += float64(r.Estimate.Generated)
		o.quality.Verifier += float64(r.Estimate.Verifier)
	}
}

// Estimators compares the methods of difficulty estimation with the oracle, and fits the prompt model to the
// oracle's rates; both results are nil if m has no oracle arm. texts holds the problems' texts by id. Since
// not every estimate is on the scale of pass rates, bins are quantiles: a problem's true bin is its quantile
// among the oracle's rates, its estimated bin the quantile among the method's rates.
func Estimators(m *bench.Matrix, texts map[string]string) ([]profile.EstimatorQuality, *difficulty.PromptModel, error) {
	all := estimatesOf(m)
	oracle := ""
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(name, difficulty.MethodOracle.String()) {
			oracle = name
		}
	}
	if oracle == "" {
		return nil, nil, nil
	}
	truth := all[oracle].rates
	ids := slices.Sorted(maps.Keys(truth))
	model, predicted, err := fitTexts(ids, texts, truth)
	if err != nil {
		return nil, nil, err
	}
	if predicted != nil {
		all[difficulty.MethodPrompt.String()] = &methodEstimates{predicted,
			profile.EstimatorQuality{Method: difficulty.MethodPrompt.String()}}
	}
	var table []profile.EstimatorQuality
	for _, name := range slices.Sorted(maps.Keys(all)) {
		o := all[name]
		q := o.quality
		var known, estimated []float64
		for _, id := range ids {
			known, estimated = append(known, truth[id]), append(estimated, o.rates[id])
		}
		// If all problems have the same rate the correlation is NaN, which JSON does not have.
		if q.Spearman = stats.Spearman(known, estimated); math.IsNaN(q.Spearman) {
			q.Spearman = 0
		}
		q.BinAccuracy = agreed(known, estimated)
		n := float64(len(ids))
		q.Samples, q.Generated, q.Verifier = q.Samples/n, q.Generated/n, q.Verifier/n
		table = append(table, q)
	}
	return table, model, nil
}

// agreed returns the share of problems for which both lists of rates have the same quantile bin of five. If
// equal rates leave one list with fewer bins, both lists are divided into that many.
func agreed(known, estimated []float64) float64 {
	n := 5
	a, b := difficulty.Quantiles(n, known), difficulty.Quantiles(n, estimated)
	for a.Bins() != b.Bins() && n > 2 {
		n = min(a.Bins(), b.Bins(), n-1)
		a, b = difficulty.Quantiles(n, known), difficulty.Quantiles(n, estimated)
	}
	same := 0.0
	for i := range known {
		if a.Bin(known[i]) == b.Bin(estimated[i]) {
			same++
		}
	}
	return same / float64(len(known))
}

// fitTexts returns a prompt model fitted to the texts of all problems, and each problem's rate as predicted
// in 10-fold cross-validation; both are nil if there are too few problems.
func fitTexts(ids []string, texts map[string]string,
	truth map[string]float64) (*difficulty.PromptModel, map[string]float64, error) {
	const parts = 10
	if len(ids)*(parts-1)/parts < 3*len(difficulty.FeatureNames) {
		return nil, nil, nil
	}
	learn := func(keep func(i int) bool) (difficulty.PromptModel, error) {
		var some []string
		var rates []float64
		for i, id := range ids {
			if keep(i) {
				some, rates = append(some, texts[id]), append(rates, truth[id])
			}
		}
		return difficulty.FitPrompt(some, rates)
	}
	predicted := map[string]float64{}
	for part := range parts {
		m, err := learn(func(i int) bool { return i%parts != part })
		if err != nil {
			return nil, nil, err
		}
		for i := part; i < len(ids); i += parts {
			predicted[ids[i]], _, _ = m.Predict(texts[ids[i]])
		}
	}
	m, err := learn(func(int) bool { return true })
	return &m, predicted, err
}
