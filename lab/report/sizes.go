package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/lab/table"
)

// SmallAgainstLarge returns Table 3 of Liu et al. 2025: the greedy answers of all policies, then each
// policy's compute-optimal search, the largest policy first.
func SmallAgainstLarge(sweeps []Sweep) table.Table {
	t := table.New("policy", ">parameters", "method", "verifier", "accuracy [95 %]", ">generated", ">policy MFLOP",
		">verifier MFLOP")
	sorted := slices.Clone(sweeps)
	slices.SortStableFunc(sorted, func(a, b Sweep) int {
		return cmp.Compare(b.Header.Policy.Parameters, a.Header.Policy.Parameters)
	})
	add := func(s Sweep, method, verifier string, r Row) {
		t.Add(s.Header.Policy.Name, strconv.FormatInt(s.Header.Policy.Parameters, 10), method, verifier,
			r.Accuracy.Percent(), fmt.Sprintf("%.0f", r.Generated),
			fmt.Sprintf("%.0f", 1e3*r.PolicyGF), fmt.Sprintf("%.0f", 1e3*r.VerifierGF))
	}
	listed := map[string]bool{}
	for _, s := range sorted {
		if greedy, ok := s.Curve("greedy").best(); ok && !listed[s.Header.Policy.Name] {
			add(s, "greedy", "", greedy)
			listed[s.Header.Policy.Name] = true
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
