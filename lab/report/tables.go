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
func Costs(rows []Row) table.Table {
	t := table.New("strategy", ">N", "accuracy [95 %]", ">generated", ">prompt", ">verifier tokens", ">policy MFLOP",
		">verifier MFLOP")
	for _, r := range rows {
		t.Add(r.Strategy, fmt.Sprint(r.N), r.Accuracy.Percent(), fmt.Sprintf("%.0f", r.Generated),
			fmt.Sprintf("%.0f", r.Prompt), fmt.Sprintf("%.0f", r.VerifierTokens),
			fmt.Sprintf("%.0f", 1e3*r.PolicyGF), fmt.Sprintf("%.0f", 1e3*r.VerifierGF))
	}
	return t
}

// Controls returns the table of accuracy and costs of several sweeps, with the difference between each arm
// and best-of-n of the same sweep.
func Controls(sweeps []Sweep) table.Table {
	t := table.New("policy", "verifier", "strategy", ">N", "accuracy [95 %]", "− best-of-n", ">generated",
		">verifier tokens")
	for _, s := range sweeps {
		for _, r := range s.Rows {
			t.Add(r.Policy, r.Verifier, r.Strategy, fmt.Sprint(r.N), r.Accuracy.Percent(),
				s.difference(r, "best-of-n", r.N),
				fmt.Sprintf("%.0f", r.Generated), fmt.Sprintf("%.0f", r.VerifierTokens))
		}
	}
	return t
}

// Differences returns the table of the differences between each arm and greedy, and majority and best-of-n
// with the same N, on the same problems.
func Differences(s Sweep) table.Table {
	t := table.New("strategy", ">N", "− greedy", "− majority", "− best-of-n")
	for _, r := range s.Rows {
		if r.N > 1 {
			t.Add(r.Strategy, fmt.Sprint(r.N), s.difference(r, "greedy", 1), s.difference(r, "majority", r.N),
				s.difference(r, "best-of-n", r.N))
		}
	}
	return t
}

// difference returns the difference between r and the row with this strategy and n, in points of accuracy
// with its interval, paired by problem; "" if there is no such row, or if r has this strategy.
func (s Sweep) difference(r Row, strategy string, n int) string {
	i := slices.IndexFunc(s.Rows, func(b Row) bool { return b.Strategy == strategy && b.N == n })
	if i < 0 || r.Strategy == strategy {
		return ""
	}
	d, err := stats.PairedBootstrap(r.right, s.Rows[i].right, 1)
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
	for _, r := range s.Rows {
		if !slices.Contains(ns, r.N) {
			ns = append(ns, r.N)
		}
	}
	slices.Sort(ns)
	for _, n := range ns {
		t.Header = append(t.Header, fmt.Sprintf("N = %d", n))
	}
	var names []string
	for _, r := range s.Rows {
		if !slices.Contains(names, r.Strategy) && r.Arm.Kind != bench.KindEstimated {
			names = append(names, r.Strategy)
		}
	}
	for _, name := range names {
		row := []string{name}
		for _, n := range ns {
			cell := ""
			for _, r := range s.Curve(name) {
				if r.N == n {
					cell = r.Accuracy.Percent()
				}
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t
}
