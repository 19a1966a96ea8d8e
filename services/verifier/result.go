package verifier

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Result is the scores of one path.
type Result struct {
	Scores []float64 // one per step, in [0,1]
	Usage  reasoning.Usage
	Took   time.Duration
}
