package state

import (
	"time"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An Outcome is the result of a search.
type Outcome struct {
	Stop       Stop
	Answer     string             // as the policy generated it; "" if there is none
	Node       string             // at the end of the solution's path
	Solution   string             // its text
	Weight     float64            // of the answer, by the choice
	Candidates []search.Candidate // heaviest first
	Degraded   []string           // a text for each degradation
	Err        error              // why there is no answer, or only a partial one
	Elapsed    time.Duration
}

// A Stop is the reason why a search stopped.
type Stop int

const (
	StopComplete  Stop = iota + 1 // the strategy is complete
	StopBudget                    // the budget is spent; the best answer so far counts
	StopDeadline                  // the deadline has passed; the best answer so far counts
	StopCancelled                 // by a client
	StopError                     // see Outcome.Err
)

func (s Stop) String() string {
	return nameOf(s, "unknown", "complete", "budget", "deadline", "cancelled", "error")
}
