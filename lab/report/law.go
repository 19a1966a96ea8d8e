package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
)

// A Law describes accuracy as a function of inference compute C, in FLOPs per problem, and, for policies of
// several sizes, of their size S in parameters (after Wu et al. 2024, arXiv 2408.00724, who find the best
// size for a given compute):
//
//	logit(accuracy) = a + b·log10(C) + c·log10(S) + d·log10(C)·log10(S)
//
// fitted by least squares to the arms of one strategy. With one size, c and d are 0. Beyond the largest
// measured budget the law extrapolates.
type Law struct {
	Strategy   string         `json:"strategy"`
	Arms       int            `json:"arms"`
	Sizes      int            `json:"sizes"`
	A, B, C, D float64        `json:"-"`
	Terms      []float64      `json:"terms"` // a, b, c, d
	R2         float64        `json:"r2"`
	Slope      stats.Interval `json:"slope"` // 95 % interval of b, by resampling problems; only with one size
}

// half is added to the number of right and to that of wrong problems, so that the logit is finite.
const half = 0.5

func logit(right float64, n int) float64 {
	return math.Log((right*float64(n) + half) / ((1-right)*float64(n) + half))
}

// Fit fits the law of a strategy to sweeps; ok is false if there are too few budgets.
func Fit(sweeps []Sweep, strategy string) (law Law, ok bool) {
	law.Strategy = strategy
	var rows [][]float64
	var ys []float64
	sizes := map[int64]bool{}
	for _, s := range sweeps {
		for _, r := range s.Curve(strategy) {
			if GFLOP(r) <= 0 {
				continue
			}
			sizes[s.Header.Policy.Parameters] = true
			c, s := math.Log10(1e9*GFLOP(r)), math.Log10(float64(max(1, s.Header.Policy.Parameters)))
			rows = append(rows, []float64{1, c, s, c * s})
			ys = append(ys, logit(r.Accuracy.Mean, len(r.right)))
		}
	}
	law.Arms, law.Sizes = len(rows), len(sizes)
	terms := 4
	if law.Sizes < 2 {
		terms = 2
	}
	if law.Arms < terms+1 {
		return law, false
	}
	weights, r2, ok := leastSquares(rows, ys, terms)
	if !ok {
		return law, false
	}
	law.Terms, law.R2 = append(weights, make([]float64, 4-terms)...), r2
	law.A, law.B, law.C, law.D = law.Terms[0], law.Terms[1], law.Terms[2], law.Terms[3]
	if terms == 2 {
		law.Slope = slopes(sweeps, strategy, law.B)
	}
	return law, true
}

// leastSquares fits ys by the first terms columns of rows; ok is false if the system is singular.
func leastSquares(rows [][]float64, ys []float64, terms int) (weights []float64, r2 float64, ok bool) {
	x := mat.NewDense(len(rows), terms, nil)
	for i, row := range rows {
		x.SetRow(i, row[:terms])
	}
	var w mat.VecDense
	if err := w.SolveVec(x, mat.NewVecDense(len(ys), ys)); err != nil {
		return nil, 0, false
	}
	var fitted mat.VecDense
	fitted.MulVec(x, &w)
	weights = make([]float64, terms)
	for j := range weights {
		weights[j] = w.AtVec(j)
	}
	return weights, stat.RSquaredFrom(fitted.RawVector().Data, ys, nil), true
}

// slopes returns the 95 % interval of b over resampled problems.
func slopes(sweeps []Sweep, strategy string, mean float64) stats.Interval {
	const times = 1000
	random := rand.New(rand.NewPCG(1, 0))
	var all []float64
	for range times {
		var rows [][]float64
		var ys []float64
		for _, s := range sweeps {
			n := len(s.Problems)
			pick := make([]int, n)
			for i := range pick {
				pick[i] = random.IntN(n)
			}
			for _, r := range s.Curve(strategy) {
				right := 0.0
				for _, i := range pick {
					right += r.right[i] / float64(n)
				}
				rows, ys = append(rows, []float64{1, math.Log10(1e9 * GFLOP(r))}), append(ys, logit(right, n))
			}
		}
		if w, _, ok := leastSquares(rows, ys, 2); ok {
			all = append(all, w[1])
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return stats.Interval{Mean: mean, Low: mean, High: mean}
	}
	return stats.Interval{Mean: mean, Low: all[len(all)*25/1000], High: all[len(all)*975/1000],
		N: len(sweeps[0].Problems)}
}

// Laws returns the table of laws, for each strategy with enough budgets to fit one.
func Laws(sweeps []Sweep) table.Table {
	t := table.New("strategy", ">arms", ">policies", "logit(accuracy) =", ">R²", "b [95 %]")
	var names []string
	for _, s := range sweeps {
		for _, r := range s.Rows {
			if r.Strategy != "greedy" && !slices.Contains(names, r.Strategy) {
				names = append(names, r.Strategy)
			}
		}
	}
	for _, name := range names {
		law, ok := Fit(sweeps, name)
		if !ok {
			continue
		}
		text, interval := fmt.Sprintf("%.2f %+.2f·log₁₀C", law.A, law.B), fmt.Sprintf("%.2f [%.2f, %.2f]",
			law.Slope.Mean, law.Slope.Low, law.Slope.High)
		if law.Sizes > 1 {
			text += fmt.Sprintf(" %+.2f·log₁₀S %+.2f·log₁₀C·log₁₀S", law.C, law.D)
			interval = ""
		}
		t.Add(name, fmt.Sprint(law.Arms), fmt.Sprint(law.Sizes), text, fmt.Sprintf("%.2f", law.R2), interval)
	}
	return t
}
