package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/lab/table"
)

// Pareto returns the rows that no other beats in both accuracy and cost, the cheapest first.
func Pareto(arms []Row, unit func(Row) float64) (front []Row) {
	sorted := slices.Clone(arms)
	slices.SortStableFunc(sorted, func(a, b Row) int {
		return cmp.Or(cmp.Compare(unit(a), unit(b)), cmp.Compare(b.Accuracy.Mean, a.Accuracy.Mean))
	})
	for _, a := range sorted {
		if len(front) == 0 || a.Accuracy.Mean > front[len(front)-1].Accuracy.Mean {
			front = append(front, a)
		}
	}
	return front
}

// ParetoTable returns the table of the front of all sweeps together.
func ParetoTable(sweeps []Sweep, unit func(Row) float64, name string) table.Table {
	t := table.New("policy", "verifier", "strategy", ">N", ">"+name, "accuracy [95 %]")
	var all []Row
	for _, s := range sweeps {
		all = append(all, s.Rows...)
	}
	for _, a := range Pareto(all, unit) {
		t.Add(a.Policy, a.Verifier, a.Strategy, fmt.Sprint(a.N), fmt.Sprintf("%.4g", unit(a)), a.Accuracy.Percent())
	}
	return t
}
