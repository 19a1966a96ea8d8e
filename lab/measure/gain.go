// Package measure computes the measures of test-time compute that papers define.
package measure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// A Gain compares a method with a baseline: Factor is the budget of the baseline over the budget with which
// the method is as accurate. It is below 1 if the method needs more.
type Gain struct {
	Factor float64 `json:"factor"`
	// Bound is ">" if Factor is a lower bound, because even the method's smallest budget is more accurate; "<"
	// if it is an upper bound, because no budget of the method reaches the accuracy; otherwise empty.
	Bound string `json:"bound,omitempty"`
}

// String returns Bound and Factor, such as ">1.5".
func (g Gain) String() string { return g.Bound + strconv.FormatFloat(g.Factor, 'f', 1, 64) }

// EfficiencyGain compares a method with majority voting (Liu et al. 2025, arXiv 2502.06703, Table 5). Let s be
// the highest accuracy of voting, and B the smallest budget with it. EfficiencyGain returns B over the budget at
// which the method first reaches s, interpolated linearly between neighbouring points.
func EfficiencyGain(voting, method []Point) (Gain, error) {
	for name, curve := range map[string][]Point{"voting": voting, "method": method} {
		if len(curve) == 0 {
			return Gain{}, fmt.Errorf("efficiency gain: %s: must have at least one point, has none", name)
		}
		for _, p := range curve {
			if !(p.Budget > 0) || math.IsInf(p.Budget, 1) || math.IsNaN(p.Accuracy) {
				return Gain{}, fmt.Errorf("efficiency gain: %s: point %v: must have a finite budget > 0 and an accuracy", name, p)
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
