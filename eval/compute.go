package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// InferenceFLOPs is 2·params·tokens: the forward pass over all tokens that were
// processed, prompt and generated (Kaplan et al. 2020, §2.1). Of a mixture of
// experts, count the active parameters.
func InferenceFLOPs(params, tokens int64) float64 { return 2 * float64(params) * float64(tokens) }

// TrainingFLOPs is 6·params·tokens.
func TrainingFLOPs(params, tokens int64) float64 { return 6 * float64(params) * float64(tokens) }

// A Point is one budget on a method's curve and the accuracy it reached.
type Point struct {
	Budget   float64 `json:"budget"` // > 0, in any unit common to the curves
	Accuracy float64 `json:"accuracy"`
}

// A Gain says how many times less budget a method needs. It may be below 1.
type Gain struct {
	Factor float64 `json:"factor"`
	// Bound is ">" if the method's smallest budget is already better, so that
	// only a lower bound is known; "<" if none reaches the accuracy; else empty.
	Bound string `json:"bound,omitempty"`
}

func (g Gain) String() string { return g.Bound + strconv.FormatFloat(g.Factor, 'f', 1, 64) }

// EfficiencyGain compares a method with majority voting (Liu et al. 2025,
// arXiv 2502.06703, Table 5): where the voting curve is highest, at budget B and
// accuracy s, it finds the budget at which the method first reaches s, linear
// between neighbouring points, and returns B over it.
func EfficiencyGain(voting, method []Point) (Gain, error) {
	for name, curve := range map[string][]Point{"voting": voting, "method": method} {
		if len(curve) == 0 {
			return Gain{}, fmt.Errorf("efficiency gain: %s: no points", name)
		}
		for _, p := range curve {
			if !(p.Budget > 0) || math.IsInf(p.Budget, 1) || math.IsNaN(p.Accuracy) {
				return Gain{}, fmt.Errorf("efficiency gain: %s: point %v: want a finite budget > 0 and an accuracy", name, p)
			}
		}
	}
	top := voting[0]
	for _, p := range voting {
		if p.Accuracy > top.Accuracy || p.Accuracy == top.Accuracy && p.Budget < top.Budget {
			top = p
		}
	}
	method = slices.Clone(method)
	slices.SortStableFunc(method, func(a, b Point) int { return cmp.Compare(a.Budget, b.Budget) })
	for i, p := range method {
		switch {
		case p.Accuracy < top.Accuracy:
			continue
		case p.Accuracy == top.Accuracy:
			return Gain{Factor: top.Budget / p.Budget}, nil
		case i == 0:
			return Gain{Factor: top.Budget / p.Budget, Bound: ">"}, nil
		}
		q := method[i-1]
		at := q.Budget + (p.Budget-q.Budget)*(top.Accuracy-q.Accuracy)/(p.Accuracy-q.Accuracy)
		return Gain{Factor: top.Budget / at}, nil
	}
	return Gain{Factor: top.Budget / method[len(method)-1].Budget, Bound: "<"}, nil
}

// A Run is one setting of budget forcing: the mean of its thinking tokens over
// a set of problems, and its accuracy. The three measures of runs are those of
// s1 (Muennighoff et al. 2025, arXiv 2501.19393, §3.2).
type Run struct {
	Tokens   float64 `json:"tokens"`
	Accuracy float64 `json:"accuracy"`
}

var errNoRuns = errors.New("no runs")

// Control is the share of runs whose tokens lie in [low, high].
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

// Scaling is the mean slope of accuracy over tokens between all pairs of runs:
// it is positive where thinking longer helps.
func Scaling(runs []Run) (float64, error) {
	if len(runs) < 2 {
		return 0, fmt.Errorf("scaling: %d runs, want 2 or more", len(runs))
	}
	sum, pairs := 0.0, 0
	for i, a := range runs {
		for _, b := range runs[i+1:] {
			if a.Tokens == b.Tokens {
				return 0, fmt.Errorf("scaling: two runs of %g tokens have no slope", a.Tokens)
			}
			sum += (b.Accuracy - a.Accuracy) / (b.Tokens - a.Tokens)
			pairs++
		}
	}
	return sum / float64(pairs), nil
}

// Performance is the best accuracy of any run.
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
