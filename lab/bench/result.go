package bench

import (
	"time"

	"github.com/ponder-mesh/ponder/answer"
	difficultyv1 "github.com/ponder-mesh/ponder/proto/ponder/difficulty/v1"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// A Result is what came of one task. But for Timing it does not depend on when and
// beside what it ran.
type Result struct {
	Problem  string    `json:"problem"` // its id in the set
	Steps    int       `json:"steps,omitempty"`
	Level    string    `json:"level,omitempty"`
	Arm      string    `json:"arm"`
	Plan     string    `json:"plan,omitempty"` // what a planned search did, such as "beam 16"
	N        int       `json:"n"`
	Seed     uint64    `json:"seed"`
	Right    bool      `json:"right"`
	Answer   string    `json:"answer"` // as written; empty is none
	Expected string    `json:"expected"`
	Stop     string    `json:"stop"` // why the search stopped: complete, budget, deadline, error
	Degraded []string  `json:"degraded,omitempty"`
	Error    string    `json:"error,omitempty"` // why there is no answer
	Tokens   Tokens    `json:"tokens"`
	FLOPs    FLOPs     `json:"flops"`
	Estimate *Estimate `json:"estimate,omitempty"` // of difficulty, where there was one
	Timing   Timing    `json:"timing"`

	Search string `json:"-"` // the search's id, by which traces know it
}

// Tokens of a search, discarded branches and the estimate of difficulty included.
type Tokens struct {
	Generated      int64 `json:"generated"`
	Prompt         int64 `json:"prompt"`
	Cached         int64 `json:"cached"`
	Verifier       int64 `json:"verifier"`
	VerifierCached int64 `json:"verifier_cached"`
}

// FLOPs of a search, by who was paid.
type FLOPs struct {
	Policy     float64 `json:"policy"`
	Verifier   float64 `json:"verifier"`
	Difficulty float64 `json:"difficulty,omitempty"`
}

// An Estimate of difficulty, as the search had it at last, and its price.
type Estimate struct {
	Rate      float64 `json:"rate"` // of pass@1
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Samples   int     `json:"samples"`
	Generated int64   `json:"generated"`
	Verifier  int64   `json:"verifier"`
}

// Timing is what is never the same twice.
type Timing struct {
	ElapsedSeconds float64 `json:"elapsed_seconds"` // from the planner's acceptance to the end
}

// A Key names a task in a file of results.
type Key struct {
	Problem string
	Arm     string
	N       int
	Seed    uint64
}

// Key of the task that r came of.
func (r Result) Key() Key { return Key{r.Problem, r.Arm, r.N, r.Seed} }

// resultOf is the result that a search's last event tells.
func resultOf(t Task, last *plannerv1.SearchEvent) Result {
	o, b := last.GetOutcome(), last.GetBill()
	policy, judge, hard := b.GetPolicy(), b.GetVerifier(), b.GetDifficulty()
	return Result{
		Problem: t.Problem.ID, Steps: t.Problem.Steps, Level: t.Problem.Level, Arm: t.Arm.Name, N: t.Arm.N, Seed: t.Seed,
		Right: answer.Correct(o.GetAnswer(), t.Problem.Answer), Answer: o.GetAnswer(), Expected: t.Problem.Answer,
		Stop: stops[o.GetStopReason()], Degraded: o.GetDegraded(), Error: o.GetError().GetMessage(),
		Tokens: Tokens{
			Generated:      policy.GetGeneratedTokens() + hard.GetGeneratedTokens(),
			Prompt:         policy.GetPromptTokens() + hard.GetPromptTokens(),
			Cached:         policy.GetCachedTokens() + hard.GetCachedTokens(),
			Verifier:       judge.GetVerifierTokens() + hard.GetVerifierTokens(),
			VerifierCached: judge.GetCachedTokens(),
		},
		FLOPs:  FLOPs{Policy: policy.GetFlops(), Verifier: judge.GetFlops(), Difficulty: hard.GetFlops()},
		Timing: Timing{o.GetElapsed().AsDuration().Round(time.Microsecond).Seconds()},
		Search: last.GetSearchId(),
	}
}

// told adds what the search's events said before the last.
func (r *Result) told(t Task, plan *plannerv1.SearchPlan, e *difficultyv1.Estimate) {
	if t.Arm.Strategy == nil && plan != nil {
		s, _ := plannerrpc.StrategyFromProto(plan.GetStrategy()) // nil where a newer planner has another strategy
		r.Plan = strategies.String(s)
	}
	if e != nil {
		u := e.GetUsage()
		r.Estimate = &Estimate{e.GetPassRate(), e.GetLow(), e.GetHigh(), int(e.GetSamples()), u.GetGeneratedTokens(), u.GetVerifierTokens()}
	}
}

var stops = map[plannerv1.StopReason]string{
	plannerv1.StopReason_STOP_REASON_COMPLETE: "complete", plannerv1.StopReason_STOP_REASON_BUDGET: "budget",
	plannerv1.StopReason_STOP_REASON_DEADLINE: "deadline", plannerv1.StopReason_STOP_REASON_CANCELLED: "cancelled",
	plannerv1.StopReason_STOP_REASON_ERROR: "error",
}
