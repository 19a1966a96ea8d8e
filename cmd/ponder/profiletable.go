package main

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// printProfile prints the choices of a profile for each budget, and their results on
// problems that the choice did not use.
func printProfile(out *output, p *profile.Profile) error {
	table := table.New(">budget", "choice", "accuracy [95 %]", ">generated", "one for all", "accuracy [95 %]",
		">generated", "by bin, easiest first")
	for _, b := range p.Budgets {
		if err := out.value(b); err != nil {
			return err
		}
		choice := "one for all"
		if b.Adaptive {
			choice = "by difficulty"
		}
		var rows []string
		for _, r := range b.Rows {
			rows = append(rows, fmt.Sprintf("%s %d", r.Strategy, r.N))
		}
		m := b.Measured
		table.Add(fmt.Sprint(b.N), choice, m.Chosen.Accuracy.Percent(), fmt.Sprintf("%.0f", m.Chosen.Generated),
			fmt.Sprintf("%s %d", b.Uniform.Strategy, b.Uniform.N),
			m.Uniform.Accuracy.Percent(), fmt.Sprintf("%.0f", m.Uniform.Generated), strings.Join(rows, ", "))
	}
	return out.table(table)
}
