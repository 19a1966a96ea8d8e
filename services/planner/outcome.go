package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// maxCandidates is the maximum number of candidates of an outcome.
const maxCandidates = 16

// choose sets the answer of outcome. If no solution with an answer has the scores that choice
// needs, it chooses by majority and appends a text to outcome.Degraded.
func choose(outcome *Outcome, tree *search.Tree, choice search.Choice) {
	solutions := slices.Collect(tree.Solutions())
	ranked, err := choice.Rank(solutions, tree.Problem.Key)
	if err != nil {
		outcome.Degraded = append(outcome.Degraded, fmt.Sprintf("chose by majority: %v", err))
		ranked, _ = search.Choice{}.Rank(solutions, tree.Problem.Key)
	}
	if len(ranked) == 0 {
		return
	}
	best := ranked[0]
	outcome.Answer, outcome.Node, outcome.Weight = best.Answer, best.Node.ID, best.Weight
	outcome.Solution = reasoning.Join(best.Node.Path())
	outcome.Candidates = ranked[:min(len(ranked), maxCandidates)]
}

// ended returns o with the reason why the search stopped.
func ended(ctx context.Context, o Outcome, err error) Outcome {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, ErrCancelled):
		o.Stop, o.Err = StopCancelled, ErrCancelled
	case errors.Is(cause, context.DeadlineExceeded):
		o.Stop, o.Err = StopDeadline, fmt.Errorf("deadline passed before the search was complete: %w", cause)
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
