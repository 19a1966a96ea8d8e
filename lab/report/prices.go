package report

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
)

// Prices are those of tokens, by model. A verifier's tokens are prompt tokens.
type Prices struct {
	Currency string           `json:"currency"`
	Models   map[string]Price `json:"models"`
}

// A Price is what Per tokens of each kind cost.
type Price struct {
	Prompt    float64 `json:"prompt"`
	Cached    float64 `json:"cached"`
	Generated float64 `json:"generated"`
	Per       float64 `json:"per"` // tokens; 0 is a million
}

// ReadPrices reads a file of Prices.
func ReadPrices(path string) (*Prices, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("prices: %w", err)
	}
	var p Prices
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("prices %s: %w", path, err)
	}
	if p.Currency == "" {
		return nil, reasoning.Invalid("currency", "must not be empty")
	}
	for name, m := range p.Models {
		if !(m.Prompt >= 0 && m.Cached >= 0 && m.Generated >= 0 && m.Per >= 0) {
			return nil, reasoning.Invalid("models."+name, "prices must not be negative")
		}
	}
	return &p, nil
}

func (p *Prices) of(model string, prompt, cached, generated float64) (float64, error) {
	m, ok := p.Models[model]
	if !ok {
		return 0, reasoning.Invalid("models", "%s has no price", model)
	}
	per := m.Per
	if per == 0 {
		per = 1e6
	}
	return (m.Prompt*prompt + m.Cached*cached + m.Generated*generated) / per, nil
}

// Money returns the table of what a thousand problems cost by each arm, and what one right
// answer costs.
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
