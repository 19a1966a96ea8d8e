package report

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
)

// Only is a sweep of some of its strategies.
func (r Sweep) Only(names ...string) Sweep {
	r.Arms = slices.DeleteFunc(slices.Clone(r.Arms), func(a Arm) bool { return !slices.Contains(names, a.Strategy) || a.N == 1 && a.Strategy != "greedy" })
	return r
}

// Costs is what each arm reached and what it took.
func Costs(arms []Arm) table.Table {
	t := table.Table{
		Header: []string{"strategy", "N", "accuracy [95 %]", "generated", "prompt", "judged", "policy MFLOP", "verifier MFLOP"},
		Align:  []table.Align{table.Left, table.Right, table.Left, table.Right, table.Right, table.Right, table.Right, table.Right},
	}
	for _, a := range arms {
		t.Add(a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.Prompt), fmt.Sprintf("%.0f", a.Judged),
			fmt.Sprintf("%.0f", 1e3*a.PolicyGF), fmt.Sprintf("%.0f", 1e3*a.VerifierGF))
	}
	return t
}

// Controls is the same of several models, each sweep beside its own best-of-n.
func Controls(sweeps []Sweep) table.Table {
	t := table.Table{
		Header: []string{"policy", "verifier", "strategy", "N", "accuracy [95 %]", "− best-of-n", "generated", "judged"},
		Align:  []table.Align{table.Left, table.Left, table.Left, table.Right, table.Left, table.Left, table.Right, table.Right},
	}
	for _, r := range sweeps {
		for _, a := range r.Arms {
			t.Add(a.Policy, a.Verifier, a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), r.difference(a, "best-of-n", a.N),
				fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.Judged))
		}
	}
	return t
}

// Differences compares each arm with majority, best-of-n and greedy at the same N, on
// the same problems.
func Differences(r Sweep) table.Table {
	t := table.Table{
		Header: []string{"strategy", "N", "− greedy", "− majority", "− best-of-n"},
		Align:  []table.Align{table.Left, table.Right, table.Left, table.Left, table.Left},
	}
	for _, a := range r.Arms {
		if a.N > 1 {
			t.Add(a.Strategy, fmt.Sprint(a.N), r.difference(a, "greedy", 1), r.difference(a, "majority", a.N), r.difference(a, "best-of-n", a.N))
		}
	}
	return t
}

// difference is how many points an arm is above another, paired by problem; empty if
// there is no other of that strategy and N.
func (r Sweep) difference(a Arm, strategy string, n int) string {
	i := slices.IndexFunc(r.Arms, func(b Arm) bool { return b.Strategy == strategy && b.N == n })
	if i < 0 || a.Strategy == strategy {
		return ""
	}
	d, err := stats.PairedBootstrap(a.right, r.Arms[i].right, 1)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High)
}

// BySteps is accuracy by the calculations that a problem needs.
func BySteps(r Sweep) table.Table { return byPanels(r, r.bySteps(), false) }

func stepsOf(r Sweep) []int {
	kinds := map[int]bool{}
	for _, p := range r.Problems {
		kinds[p.Steps] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}
