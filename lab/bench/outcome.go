package bench

// An Outcome holds how a search ended and what it cost.
type Outcome struct {
	Right    bool      `json:"right"`    // whether Answer equals Expected
	Answer   string    `json:"answer"`   // as generated; empty if there is none
	Expected string    `json:"expected"` // the problem's answer
	Stop     string    `json:"stop"`     // why the search stopped: complete, budget, deadline, error
	Degraded []string  `json:"degraded,omitempty"`
	Error    string    `json:"error,omitempty"` // why there is no answer
	Tokens   Tokens    `json:"tokens"`
	FLOPs    FLOPs     `json:"flops"`
	Estimate *Estimate `json:"estimate,omitempty"` // of difficulty; nil if there was none
	Timing   Timing    `json:"timing"`
}
