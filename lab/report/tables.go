package report

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/table"
)

// Costs returns the table of the accuracy and the costs of each arm.
func Costs(arms []Row) table.Table {
	t := table.New("strategy", ">N", "accuracy [95 %]", ">generated", ">prompt", ">verifier tokens", ">policy MFLOP",
		">verifier MFLOP")
	for _, a := range arms {
		t.Add(a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated),
			fmt.Sprintf("%.0f", a.Prompt), fmt.Sprintf("%.0f", a.VerifierTokens),
			fmt.Sprintf("%.0f", 1e3*a.PolicyGF), fmt.Sprintf("%.0f", 1e3*a.VerifierGF))
	}
	return t
}

// Controls returns the table of accuracy and costs of several sweeps, with each arm's difference to its
// sweep's best-of-n.
func Controls(sweeps []Sweep) table.Table {
	t := table.New("policy", "verifier", "strategy", ">N", "accuracy [95 %]", "− best-of-n", ">generated",
		">verifier tokens")
	for _, s := range sweeps {
		for _, a := range s.Rows {
			t.Add(a.Policy, a.Verifier, a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(),
				s.difference(a, "best-of-n", a.N),
				fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.VerifierTokens))
		}
	}
	return t
}

// Differences returns the table of the differences of each arm to greedy, and to majority and best-of-n
// with the same N, on the same problems.
func Differences(s Sweep) table.Table {
	t := table.New("strategy", ">N", "− greedy", "− majority", "− best-of-n")
	for _, a := range s.Rows {
		if a.N > 1 {
			t.Add(a.Strategy, fmt.Sprint(a.N), s.difference(a, "greedy", 1), s.difference(a, "majority", a.N),
				s.difference(a, "best-of-n", a.N))
		}
	}
	return t
}

// difference returns the difference of an arm to the arm with this strategy and n, in points of accuracy
// with its interval, paired by problem; "" if there is no such arm, or if it is the arm itself.
func (s Sweep) difference(a Row, strategy string, n int) string {
	i := slices.IndexFunc(s.Rows, func(b Row) bool { return b.Strategy == strategy && b.N == n })
	if i < 0 || a.Strategy == strategy {
		return ""
	}
	d, err := stats.PairedBootstrap(a.right, s.Rows[i].right, 1)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High)
}

// BySteps returns the table of accuracy by the number of steps that a problem needs.
func BySteps(s Sweep) table.Table { return byPanels(s, s.bySteps(), false) }

// stepsOf returns the numbers of steps of the sweep's problems, ascending.
func stepsOf(s Sweep) []int {
	kinds := map[int]bool{}
	for _, p := range s.Problems {
		kinds[p.Steps] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}

// ByBudget returns the table of accuracy by method and budget.
func ByBudget(s Sweep) table.Table {
	t := table.New("method")
	var ns []int
	for _, a := range s.Rows {
		if !slices.Contains(ns, a.N) {
			ns = append(ns, a.N)
		}
	}
	slices.Sort(ns)
	for _, n := range ns {
		t.Header = append(t.Header, fmt.Sprintf("N = %d", n))
	}
	var names []string
	for _, a := range s.Rows {
		if !slices.Contains(names, a.Strategy) && a.Arm.Kind != bench.KindEstimated {
			names = append(names, a.Strategy)
		}
	}
	for _, name := range names {
		row := []string{name}
		for _, n := range ns {
			cell := ""
			for _, a := range s.Curve(name) {
				if a.N == n {
					cell = a.Accuracy.Percent()
				}
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t
}
