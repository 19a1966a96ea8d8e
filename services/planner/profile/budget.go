package profile

// A Budget is a token budget and the arms that were chosen for it.
type Budget struct {
	N        int     `json:"n"`        // in whole samples, as the papers count
	Tokens   float64 `json:"tokens"`   // that N samples generate: the mean over problems
	Adaptive bool    `json:"adaptive"` // the arm depends on the bin: Rows; otherwise Uniform
	Reason   string  `json:"why"`
	Uniform  Arm     `json:"uniform"` // the best one arm for all problems
	// Rows holds the chosen arm of each bin, easiest first; their mean cost is at most
	// Tokens.
	Rows     []Arm      `json:"rows,omitempty"`
	Measured Validation `json:"measured"`
}
