package report

import (
	"fmt"

	"github.com/ponder-mesh/ponder/lab/table"
)

// Money returns the table of the price of a thousand problems and of a right answer, by arm.
func Money(sweeps []Sweep, p *Prices) (table.Table, error) {
	t := table.New("policy", "verifier", "strategy", ">N", "accuracy [95 %]", ">"+"1,000 problems, "+p.Currency,
		">"+"a right answer, "+p.Currency)
	for _, s := range sweeps {
		for _, a := range s.Rows {
			cost, err := p.of(a.Policy, a.Prompt, a.Cached, a.Generated)
			if err != nil {
				return t, err
			}
			if a.VerifierTokens+a.VerifierCached > 0 {
				scoring, err := p.of(a.Verifier, a.VerifierTokens, a.VerifierCached, 0)
				if err != nil {
					return t, err
				}
				cost += scoring
			}
			right := "–"
			if a.Accuracy.Mean > 0 {
				right = fmt.Sprintf("%.4g", cost/a.Accuracy.Mean)
			}
			t.Add(a.Policy, a.Verifier, a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(),
				fmt.Sprintf("%.4g", 1000*cost), right)
		}
	}
	return t, nil
}
