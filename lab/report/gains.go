package report

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/table"
)

// PerformanceGain is Liu et al. 2025 (arXiv 2502.06703), Table 5: chain of thought, that
// is greedy, majority at its best and compute-optimal search at its best; how much more
// accurate the last is than the first, in per cent of it; and how many times less budget
// it needs to reach majority's best, in generated tokens and in all FLOPs. A factor below
// 1 is a loss; ">" is said where even the smallest budget is better.
func PerformanceGain(sweeps []Sweep) (table.Table, error) {
	t := table.New("policy", "verifier", "CoT", "majority", "compute-optimal", ">gain, %", ">efficiency, tokens",
		">efficiency, FLOPs", "compute-optimal is")
	for _, s := range sweeps {
		cot, hasCoT := s.Curve("greedy").best()
		votes := s.Curve("majority")
		most, hasVotes := votes.best()
		name, co := s.optimal()
		top, hasCO := co.best()
		if !hasCoT || !hasVotes || !hasCO {
			continue
		}
		var gains [2]string
		for i, unit := range []func(Row) float64{Tokens, FLOPs} {
			g, err := measure.EfficiencyGain(votes.Points(unit), co.Points(unit))
			if err != nil {
				return t, err
			}
			gains[i] = g.String()
		}
		t.Add(s.Header.Policy.Name, s.Header.Verifier.Name, cot.Accuracy.Percent(), most.Accuracy.Percent(),
			top.Accuracy.Percent(),
			fmt.Sprintf("%.1f", 100*(top.Accuracy.Mean-cot.Accuracy.Mean)/max(cot.Accuracy.Mean,
				1e-9)), gains[0], gains[1], name)
	}
	return t, nil
}

// SmallAgainstLarge is Liu et al. 2025, Table 3: each policy's compute-optimal search
// beside the greedy answers of all policies, largest first.
func SmallAgainstLarge(sweeps []Sweep) table.Table {
	t := table.New("policy", ">parameters", "method", "verifier", "accuracy [95 %]", ">generated", ">policy MFLOP",
		">verifier MFLOP")
	sorted := slices.Clone(sweeps)
	slices.SortStableFunc(sorted, func(a,
		b Sweep) int {
		return int(b.Header.Policy.Parameters - a.Header.Policy.Parameters)
	})
	add := func(s Sweep, method, verifier string, a Row) {
		t.Add(s.Header.Policy.Name, strconv.FormatInt(s.Header.Policy.Parameters, 10), method, verifier,
			a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated),
			fmt.Sprintf("%.0f", 1e3*a.PolicyGF), fmt.Sprintf("%.0f", 1e3*a.VerifierGF))
	}
	said := map[string]bool{}
	for _, s := range sorted {
		if greedy, ok := s.Curve("greedy").best(); ok && !said[s.Header.Policy.Name] {
			add(s, "greedy", "", greedy)
			said[s.Header.Policy.Name] = true
		}
	}
	for _, s := range sorted {
		name, co := s.optimal()
		if best, ok := co.best(); ok && !best.Arm.Greedy() {
			add(s, fmt.Sprintf("%s, N = %d", name, best.N), s.Header.Verifier.Name, best)
		}
	}
	return t
}
