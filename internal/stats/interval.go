// Package stats holds the statistics of results over problems: means with their
// intervals, pass@k and rank correlation. It is deterministic: what needs chance takes a
// seed.
package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// An Interval is a mean with a 95 % interval.
type Interval struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"` // problems
}

// Percent writes the interval of a proportion: "61.5 % [55.0, 67.6]".
func (i Interval) Percent() string {
	return fmt.Sprintf("%.1f %% [%.1f, %.1f]", 100*i.Mean, 100*i.Low, 100*i.High)
}

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// Wilson returns the proportion k/n with its score interval (Wilson 1927),
// which stays in [0,1] and does not collapse at 0 or n. Without any trial, the
// interval is all of [0,1] and the mean NaN. It panics unless 0 ≤ k ≤ n.
func Wilson(k, n int) Interval {
	if k < 0 || k > n {
		panic(fmt.Sprintf("stats: Wilson of %d successes in %d trials", k, n))
	}
	if n == 0 {
		return Interval{Mean: math.NaN(), High: 1}
	}
	N, p := float64(n), float64(k)/float64(n)
	center := p + z95*z95/(2*N)
	half := z95 * math.Sqrt(p*(1-p)/N+z95*z95/(4*N*N))
	scale := 1 + z95*z95/N
	e := Interval{Mean: p, Low: (center - half) / scale, High: (center + half) / scale, N: n}
	if k == 0 { // exact, whatever the rounding
		e.Low = 0
	}
	if k == n {
		e.High = 1
	}
	return e
}

// resamples is the number of bootstrap samples behind an interval.
const resamples = 10_000

// Bootstrap returns the mean of xs, one value a problem, with the percentile
// interval of resampling problems (Efron 1979). Equal values give an interval
// of no width: for k of n use Wilson. Empty xs give NaN.
func Bootstrap(xs []float64, seed uint64) Interval {
	n := len(xs)
	if n == 0 {
		nan := math.NaN()
		return Interval{Mean: nan, Low: nan, High: nan}
	}
	chance := rand.New(rand.NewPCG(seed, 0))
	means := make([]float64, resamples)
	for i := range means {
		sum := 0.0
		for range n {
			sum += xs[chance.IntN(n)]
		}
		means[i] = sum / float64(n)
	}
	slices.Sort(means)
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return Interval{Mean: sum / float64(n), Low: means[resamples/40], High: means[resamples-1-resamples/40], N: n}
}

// PairedBootstrap returns the mean of a−b over problems with its interval:
// a[i] and b[i] are what two methods score on problem i, such as 0 or 1, or the
// share of right samples. Problems are resampled in pairs, so that their
// hardness cancels. One beats the other if the interval leaves out 0.
func PairedBootstrap(a, b []float64, seed uint64) (Interval, error) {
	if len(a) != len(b) || len(a) == 0 {
		return Interval{}, fmt.Errorf("paired bootstrap: %d and %d scores, want as many of both and at least one",
			len(a), len(b))
	}
	diff := make([]float64, len(a))
	for i := range a {
		diff[i] = a[i] - b[i]
	}
	return Bootstrap(diff, seed), nil
}

// PassAtK returns the probability that k samples drawn from n without
// replacement hold a right one when c of the n are right: the unbiased estimate
// 1 − C(n−c, k)/C(n, k) of pass@k (Chen et al. 2021).
func PassAtK(n, c, k int) (float64, error) {
	switch {
	case n < 1:
		return 0, fmt.Errorf("pass@k: n = %d, want at least 1 sample", n)
	case c < 0 || c > n:
		return 0, fmt.Errorf("pass@k: c = %d, want 0 to n = %d right samples", c, n)
	case k < 1 || k > n:
		return 0, fmt.Errorf("pass@k: k = %d, want 1 to n = %d", k, n)
	case n-c < k:
		return 1, nil
	}
	miss := 1.0
	for i := n - c + 1; i <= n; i++ {
		miss *= 1 - float64(k)/float64(i)
	}
	return 1 - miss, nil
}
