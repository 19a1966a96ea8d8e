package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Stop says why a search stopped.
type Stop int

const (
	StopComplete  Stop = iota + 1 // the strategy had nothing left to try
	StopBudget                    // what was found until then counts
	StopDeadline                  // likewise
	StopCancelled                 // cancelled
	StopError                     // see Outcome.Err
)

func (s Stop) String() string {
	names := []string{"unknown", "complete", "budget", "deadline", "cancelled", "error"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

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

// maxCandidates is how many answers an outcome lists.
const maxCandidates = 16

// choose fills the outcome with the answer. Where solutions could not be scored,
// the majority decides, and the outcome says so.
func choose(outcome *Outcome, tree *search.Tree, choice search.Choice) {
	solutions := slices.Collect(tree.Solutions())
	ranked, err := choice.Rank(solutions, answer.Key)
	if err != nil {
		outcome.Degraded = append(outcome.Degraded, fmt.Sprintf("chose by majority: %v", err))
		ranked, _ = search.Choice{}.Rank(solutions, answer.Key)
	}
	if len(ranked) == 0 {
		return
	}
	best := ranked[0]
	outcome.Answer, outcome.Node, outcome.Weight = best.Answer, best.Node.ID, best.Weight
	outcome.Solution = reasoning.Join(best.Node.Path())
	outcome.Candidates = ranked[:min(len(ranked), maxCandidates)]
}

// ended fills in why the search stopped.
func (p *Planner) ended(ctx context.Context, o Outcome, err error) Outcome {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, ErrCancelled):
		o.Stop, o.Err = StopCancelled, ErrCancelled
	case errors.Is(cause, context.DeadlineExceeded):
		o.Stop, o.Err = StopDeadline, fmt.Errorf("the deadline came: %w", cause)
	case cause != nil:
		o.Stop, o.Err = StopError, cause
	case err != nil:
		o.Stop, o.Err = StopError, err
	case o.Stop == 0:
		o.Stop = StopComplete
	}
	if o.Answer == "" && o.Err == nil {
		o.Err = ErrNoAnswer
		if o.Stop == StopBudget {
			o.Err = fmt.Errorf("%w before the budget was spent", ErrNoAnswer)
		}
	}
	return o
}
