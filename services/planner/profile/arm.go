package profile

import (
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An Arm is a strategy with its N, and what it achieved. Costs are means over problems; in a
// bin they include the cost of the estimate, less that of the samples that the search reused.
type Arm struct {
	Strategy  string         `json:"strategy"` // "beam", or with parameters "beam:narrow=true"
	N         int            `json:"n"`
	Accuracy  stats.Interval `json:"accuracy"`
	Expected  float64        `json:"expected"` // accuracy, shrunk towards other bins and arms
	Generated float64        `json:"generated_tokens"`
	Verifier  float64        `json:"verifier_tokens"`
	FLOPs     float64        `json:"flops"`
	Seconds   float64        `json:"seconds,omitempty"` // to the answer, without other load; 0: not measured

	search search.Strategy // the strategy of Strategy and N; set by Read
}

// Search returns the strategy of an arm of a profile that Read returned.
func (a Arm) Search() search.Strategy { return a.search }
