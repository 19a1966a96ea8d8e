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

// methodEstimates are the estimates of all problems by one method, and their price.
type methodEstimates struct {
	rates   map[string]float64
	quality profile.Quality
}

// estimatesOf returns the estimates in a bench's results, by method and samples. Of several seeds the
// first counts. The search after an estimate that takes least text stands for the probe.
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
			all[name] = &methodEstimates{map[string]float64{}, profile.Quality{Method: name}}
		}
		for _, r := range row.Results {
			all[name].add(r)
		}
	}
	return all
}

func (o *methodEstimates) add(r bench.Result) {
	if _, there := o.rates[r.Problem]; !there {
		o.rates[r.Problem] = r.Estimate.Rate
		o.quality.Samples += float64(r.Estimate.Samples)
		o.quality.Generated += float64(r.Estimate.Generated)
		o.quality.Verifier += float64(r.Estimate.Verifier)
	}
}

// Estimators measures ways to estimate difficulty against the oracle, and learns the
// model of texts from it; both are nil where the results have no oracle. Texts are by
// problem. As not every estimate is on the scale of pass rates, the true bin is a
// problem's quantile by the oracle, and the estimated one its quantile by the estimate.
func Estimators(m *bench.Matrix, texts map[string]string) ([]profile.Quality, *difficulty.PromptModel, error) {
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
	model, read, err := readTexts(ids, texts, truth)
	if err != nil {
		return nil, nil, err
	}
	if read != nil {
		all[difficulty.MethodPrompt.String()] = &methodEstimates{read,
			profile.Quality{Method: difficulty.MethodPrompt.String()}}
	}
	var table []profile.Quality
	for _, name := range slices.Sorted(maps.Keys(all)) {
		o := all[name]
		q := o.quality
		var known, said []float64
		for _, id := range ids {
			known, said = append(known, truth[id]), append(said, o.rates[id])
		}
		// Where all problems have the same rate there is no correlation, and JSON has no NaN.
		if q.Spearman = stats.Spearman(known, said); math.IsNaN(q.Spearman) {
			q.Spearman = 0
		}
		q.Bins = agreed(known, said)
		n := float64(len(ids))
		q.Samples, q.Generated, q.Verifier = q.Samples/n, q.Generated/n, q.Verifier/n
		table = append(table, q)
	}
	return table, model, nil
}

// agreed returns how often two lists put a problem into the same of five bins. Where equal
// rates leave fewer bins on one side, the bins cannot be compared: then both have so
// many.
func agreed(known, said []float64) float64 {
	n := 5
	a, b := difficulty.Quantiles(n, known), difficulty.Quantiles(n, said)
	for a.Bins() != b.Bins() && n > 2 {
		n = min(a.Bins(), b.Bins(), n-1)
		a, b = difficulty.Quantiles(n, known), difficulty.Quantiles(n, said)
	}
	same := 0.0
	for i := range known {
		if a.Bin(known[i]) == b.Bin(said[i]) {
			same++
		}
	}
	return same / float64(len(known))
}

// readTexts returns a model that was fitted to the texts of all problems, and of each
// problem the rate by a model that was fitted to the others, in ten parts; nil where there
// are too few problems.
func readTexts(ids []string, texts map[string]string,
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
	read := map[string]float64{}
	for part := range parts {
		m, err := learn(func(i int) bool { return i%parts != part })
		if err != nil {
			return nil, nil, err
		}
		for i := part; i < len(ids); i += parts {
			read[ids[i]], _, _ = m.Predict(texts[ids[i]])
		}
	}
	m, err := learn(func(int) bool { return true })
	return &m, read, err
}
