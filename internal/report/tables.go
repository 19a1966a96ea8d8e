package report

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/eval"
)

// Only is a sweep of some of its strategies.
func (r Sweep) Only(names ...string) Sweep {
	r.Arms = slices.DeleteFunc(slices.Clone(r.Arms), func(a Arm) bool { return !slices.Contains(names, a.Strategy) || a.N == 1 && a.Strategy != "greedy" })
	return r
}

// Costs is what each arm reached and what it took.
func Costs(arms []Arm) eval.Table {
	t := eval.Table{
		Header: []string{"strategy", "N", "accuracy [95 %]", "generated", "prompt", "judged", "policy MFLOP", "verifier MFLOP"},
		Align:  []eval.Align{eval.Left, eval.Right, eval.Left, eval.Right, eval.Right, eval.Right, eval.Right, eval.Right},
	}
	for _, a := range arms {
		t.Add(a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.Prompt), fmt.Sprintf("%.0f", a.Judged),
			fmt.Sprintf("%.0f", 1e3*a.PolicyGF), fmt.Sprintf("%.0f", 1e3*a.VerifierGF))
	}
	return t
}

// Controls is the same of arms by several models.
func Controls(arms []Arm) eval.Table {
	t := eval.Table{
		Header: []string{"policy", "verifier", "strategy", "N", "accuracy [95 %]", "generated", "judged"},
		Align:  []eval.Align{eval.Left, eval.Left, eval.Left, eval.Right, eval.Left, eval.Right, eval.Right},
	}
	for _, a := range arms {
		t.Add(a.Policy, a.Verifier, a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.Judged))
	}
	return t
}

// Differences compares each arm with majority, best-of-n and greedy at the same N, on
// the same problems.
func Differences(r Sweep) eval.Table {
	t := eval.Table{
		Header: []string{"strategy", "N", "− greedy", "− majority", "− best-of-n"},
		Align:  []eval.Align{eval.Left, eval.Right, eval.Left, eval.Left, eval.Left},
	}
	points := func(a Arm, name string, n int) string {
		i := slices.IndexFunc(r.Arms, func(b Arm) bool { return b.Strategy == name && b.N == n })
		if i < 0 || r.Arms[i].Strategy == a.Strategy {
			return ""
		}
		d, err := eval.PairedBootstrap(a.right, r.Arms[i].right, 1)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High)
	}
	for _, a := range r.Arms {
		if a.N > 1 {
			t.Add(a.Strategy, fmt.Sprint(a.N), points(a, "greedy", 1), points(a, "majority", a.N), points(a, "best-of-n", a.N))
		}
	}
	return t
}

// BySteps is accuracy by the calculations that a problem needs.
func BySteps(r Sweep) eval.Table { return byPanels(r, r.bySteps(), false) }

func stepsOf(r Sweep) []int {
	kinds := map[int]bool{}
	for _, p := range r.Problems {
		kinds[p.Steps] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}
