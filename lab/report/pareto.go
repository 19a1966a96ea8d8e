package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/lab/table"
)

// Pareto returns the Pareto front of accuracy and cost by ascending cost: no other row is both as accurate
// and as cheap as a row of the front.
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

// ParetoTable returns the table of the Pareto front of the rows of all sweeps; name is that of the unit.
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
