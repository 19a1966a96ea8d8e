package measure

import (
	"errors"
	"fmt"
)

// A Run holds the mean thinking tokens and the accuracy of one setting of budget forcing on a problem set.
// Control, Scaling and Performance are the measures of s1 (Muennighoff et al. 2025, arXiv 2501.19393, §3.2).
type Run struct {
	Tokens   float64 `json:"tokens"`
	Accuracy float64 `json:"accuracy"`
}

var errNoRuns = errors.New("must have at least one run, has none")

// Control returns the share of runs with thinking tokens in [low, high].
func Control(runs []Run, low, high float64) (float64, error) {
	if len(runs) == 0 {
		return 0, fmt.Errorf("control: %w", errNoRuns)
	}
	within := 0
	for _, r := range runs {
		if low <= r.Tokens && r.Tokens <= high {
			within++
		}
	}
	return float64(within) / float64(len(runs)), nil
}

// Scaling returns the mean slope of accuracy over tokens between all pairs of runs. It is positive if longer
// thinking is more accurate.
func Scaling(runs []Run) (float64, error) {
	if len(runs) < 2 {
		return 0, fmt.Errorf("scaling: must have 2 runs or more, has %d", len(runs))
	}
	sum, pairs := 0.0, 0
	for i, a := range runs {
		for _, b := range runs[i+1:] {
			if a.Tokens == b.Tokens {
				return 0, fmt.Errorf("scaling: runs must have different tokens, two have %g", a.Tokens)
			}
			sum += (b.Accuracy - a.Accuracy) / (b.Tokens - a.Tokens)
			pairs++
		}
	}
	return sum / float64(pairs), nil
}

// Performance returns the highest accuracy of the runs.
func Performance(runs []Run) (float64, error) {
	if len(runs) == 0 {
		return 0, fmt.Errorf("performance: %w", errNoRuns)
	}
	best := runs[0].Accuracy
	for _, r := range runs {
		best = max(best, r.Accuracy)
	}
	return best, nil
}
