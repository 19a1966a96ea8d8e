package report

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Prices holds the prices of tokens by model. A verifier's tokens count as prompt tokens.
type Prices struct {
	Currency string           `json:"currency"`
	Models   map[string]Price `json:"models"`
}

// ReadPrices reads Prices from a JSON file.
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
		return nil, reasoning.Invalid("currency", "must not be empty: add the currency of the prices, such as EUR")
	}
	for name, m := range p.Models {
		if !(m.Prompt >= 0 && m.Cached >= 0 && m.Generated >= 0 && m.Per >= 0) {
			return nil, reasoning.Invalid("models."+name, "prices must not be negative")
		}
	}
	return &p, nil
}

// of returns the price of a model's tokens.
func (p *Prices) of(model string, prompt, cached, generated float64) (float64, error) {
	m, ok := p.Models[model]
	if !ok {
		return 0, reasoning.Invalid("models", "%s has no price: add the model to the file of --prices", model)
	}
	per := m.Per
	if per == 0 {
		per = 1e6
	}
	return (m.Prompt*prompt + m.Cached*cached + m.Generated*generated) / per, nil
}
