package state

import (
	"time"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An Outcome is how a search ended.
type Outcome struct {
	Stop       Stop
	Answer     string             // as written; empty when there is none
	Node       string             // whose path is the solution
	Solution   string             // its text
	Weight     float64            // what the choice gave the answer
	Candidates []search.Candidate // heaviest first
	Degraded   []string           // what was done in a lesser way than asked
	Err        error              // why there is no answer, or why it is partial
	Elapsed    time.Duration
}

// A Stop says why a search stopped.
type Stop int

const (
	StopComplete  Stop = iota + 1 // the strategy had nothing left to try
	StopBudget                    // the budget is spent; the best answer so far counts
	StopDeadline                  // the deadline has passed; the best answer so far counts
	StopCancelled                 // by a client
	StopError                     // see Outcome.Err
)

func (s Stop) String() string {
	return nameOf(s, "unknown", "complete", "budget", "deadline", "cancelled", "error")
}
