package bench

import (
	"time"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// A Result is the outcome of one task. Except for Timing and Search it is reproducible: it depends neither
// on time nor on other searches.
type Result struct {
	Problem string // id in the problem set
	Steps   int    // that the problem needs; 0 if the set does not say
	Level   string // of the problem's difficulty; may be empty
	Arm     Arm
	Seed    uint64
	Plan    string // strategy and N of a planned search, such as "beam 16"
	Outcome
	Search string // the search's id in traces; not in files
}

// Key returns the key of the task that r belongs to.
func (r Result) Key() Key { return Key{r.Problem, r.Arm, r.Seed} }

// newResult returns a Result of a task with an empty outcome.
func newResult(t Task) Result {
	return Result{
		Problem: t.Problem.ID, Steps: t.Problem.Steps, Level: t.Problem.Level, Arm: t.Arm, Seed: t.Seed,
		Outcome: Outcome{Expected: t.Problem.Answer},
	}
}

// searchResult returns the Result of a search with this last event. plan and e are nil if the search had
// no plan or no difficulty estimate.
func searchResult(t Task, last planner.Event, plan *planner.Plan, e *difficulty.Estimate) Result {
	r := newResult(t)
	if o := last.Outcome; o != nil {
		r.Right, r.Answer = answer.Of(t.Problem.Kind, t.Problem.Text).Correct(o.Answer, t.Problem.Answer), o.Answer
		r.Stop, r.Degraded = o.Stop.String(), o.Degraded
		r.Timing = Timing{o.Elapsed.Round(time.Microsecond).Seconds()}
		if o.Err != nil {
			r.Error = o.Err.Error()
		}
	}
	r.Tokens = newTokens(last.Bill)
	b := last.Bill
	r.FLOPs = FLOPs{Policy: b.Policy.FLOPs, Verifier: b.Verifier.FLOPs, Difficulty: b.Difficulty.FLOPs}
	r.Search = last.Search
	if t.Arm.Kind == KindPlanned && plan != nil {
		r.Plan = strategies.String(plan.Strategy)
	}
	if e != nil {
		r.Estimate = newEstimate(*e)
	}
	return r
}
