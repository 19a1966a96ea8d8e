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
		for _, r := range s.Rows {
			cost, err := p.of(r.Policy, r.Prompt, r.Cached, r.Generated)
			if err != nil {
				return t, err
			}
			if r.VerifierTokens+r.VerifierCached > 0 {
				scoring, err := p.of(r.Verifier, r.VerifierTokens, r.VerifierCached, 0)
				if err != nil {
					return t, err
				}
				cost += scoring
			}
			right := "–"
			if r.Accuracy.Mean > 0 {
				right = fmt.Sprintf("%.4g", cost/r.Accuracy.Mean)
			}
			t.Add(r.Policy, r.Verifier, r.Strategy, fmt.Sprint(r.N), r.Accuracy.Percent(),
				fmt.Sprintf("%.4g", 1000*cost), right)
		}
	}
	return t, nil
}
