package report

// A Price holds the price of Per tokens of each kind.
type Price struct {
	Prompt    float64 `json:"prompt"`
	Cached    float64 `json:"cached"`
	Generated float64 `json:"generated"`
	Per       float64 `json:"per"` // tokens; 0 is a million
}
