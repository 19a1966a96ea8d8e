package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/lab/table"
)

// Pareto returns the Pareto front of accuracy and cost by ascending cost: no other row is both as accurate
// and as cheap as a row of the front.
func Pareto(rows []Row, unit func(Row) float64) (front []Row) {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b Row) int {
		return cmp.Or(cmp.Compare(unit(a), unit(b)), cmp.Compare(b.Accuracy.Mean, a.Accuracy.Mean))
	})
	for _, r := range sorted {
		if len(front) == 0 || r.Accuracy.Mean > front[len(front)-1].Accuracy.Mean {
			front = append(front, r)
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
	for _, r := range Pareto(all, unit) {
		t.Add(r.Policy, r.Verifier, r.Strategy, fmt.Sprint(r.N), fmt.Sprintf("%.4g", unit(r)), r.Accuracy.Percent())
	}
	return t
}
