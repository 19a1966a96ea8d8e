package stats

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Spearman returns the rank correlation of two lists of one length (Spearman 1904), with
// mean ranks for equal values; NaN if all values of a list are equal.
func Spearman(xs, ys []float64) float64 { return stat.Correlation(ranks(xs), ranks(ys), nil) }

func ranks(xs []float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
	all := make([]float64, len(xs))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && xs[order[j]] == xs[order[i]] {
			j++
		}
		for _, at := range order[i:j] {
			all[at] = float64(i+j-1) / 2
		}
		i = j
	}
	return all
}
