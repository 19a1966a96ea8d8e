package report

// A Price holds what Per tokens of each kind cost, in Prices.Currency. Prompt tokens are those
// that were not cached.
type Price struct {
	Prompt    float64 `json:"prompt"`
	Cached    float64 `json:"cached"`
	Generated float64 `json:"generated"`
	Per       float64 `json:"per"` // tokens; 0 is a million
}
