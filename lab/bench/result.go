package bench

import (
	"time"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// A Result is the outcome of one task. Except for Timing it does not depend on when it ran
// and on what ran beside it.
type Result struct {
	Problem string // its id in the set
	Steps   int    // of the problem, 0 where the set does not say
	Level   string // of the problem, may be empty
	Arm     Arm
	Seed    uint64
	Plan    string // what a planned search did, such as "beam 16"
	Outcome
	Search string // the search's id in traces; files do not have it
}

// An Outcome is how a search ended and what it cost.
type Outcome struct {
	Right    bool      `json:"right"`
	Answer   string    `json:"answer"` // as written; empty if there is none
	Expected string    `json:"expected"`
	Stop     string    `json:"stop"` // why the search stopped: complete, budget, deadline, error
	Degraded []string  `json:"degraded,omitempty"`
	Error    string    `json:"error,omitempty"` // why there is no answer
	Tokens   Tokens    `json:"tokens"`
	FLOPs    FLOPs     `json:"flops"`
	Estimate *Estimate `json:"estimate,omitempty"` // of difficulty; nil if there was none
	Timing   Timing    `json:"timing"`
}

// Tokens of a search, discarded branches and the estimate of difficulty included.
type Tokens struct {
	Generated      int64 `json:"generated"`
	Prompt         int64 `json:"prompt"`
	Cached         int64 `json:"cached"`
	Verifier       int64 `json:"verifier"`
	VerifierCached int64 `json:"verifier_cached"`
}

func (t Tokens) plus(u Tokens) Tokens {
	return Tokens{t.Generated + u.Generated, t.Prompt + u.Prompt, t.Cached + u.Cached, t.Verifier + u.Verifier,
		t.VerifierCached + u.VerifierCached}
}

// FLOPs of a search, by the service that was paid.
type FLOPs struct {
	Policy     float64 `json:"policy"`
	Verifier   float64 `json:"verifier"`
	Difficulty float64 `json:"difficulty,omitempty"` // of policy and verifier
}

// Sum returns all FLOPs of the search.
func (f FLOPs) Sum() float64 { return f.Policy + f.Verifier + f.Difficulty }

// An Estimate is the last estimate of difficulty that a search had, and its price.
type Estimate struct {
	Rate      float64 `json:"rate"` // of pass@1
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Samples   int     `json:"samples"`
	Generated int64   `json:"generated"`
	Verifier  int64   `json:"verifier"`
}

// Timing is what differs between two runs of a task.
type Timing struct {
	ElapsedSeconds float64 `json:"elapsed_seconds"` // from the planner's acceptance to the end
}

// A Key names a task in a file of results.
type Key struct {
	Problem string
	Arm     Arm
	Seed    uint64
}

// Key returns the key of the result's task.
func (r Result) Key() Key { return Key{r.Problem, r.Arm, r.Seed} }

// newResult returns a result of a task, without an outcome.
func newResult(t Task) Result {
	return Result{
		Problem: t.Problem.ID, Steps: t.Problem.Steps, Level: t.Problem.Level, Arm: t.Arm, Seed: t.Seed,
		Outcome: Outcome{Expected: t.Problem.Answer},
	}
}

// searchResult returns the result of a search by its last event, and by its plan and its
// estimate if there were any.
func searchResult(t Task, last planner.Event, plan *planner.Plan, e *difficulty.Estimate) Result {
	r := newResult(t)
	b := last.Bill
	if o := last.Outcome; o != nil {
		r.Right, r.Answer = answer.Correct(o.Answer, t.Problem.Answer), o.Answer
		r.Stop, r.Degraded = o.Stop.String(), o.Degraded
		r.Timing = Timing{o.Elapsed.Round(time.Microsecond).Seconds()}
		if o.Err != nil {
			r.Error = o.Err.Error()
		}
	}
	r.Tokens = Tokens{
		Generated:      b.Policy.Generated + b.Difficulty.Generated,
		Prompt:         b.Policy.Prompt + b.Difficulty.Prompt,
		Cached:         b.Policy.Cached + b.Difficulty.Cached,
		Verifier:       b.Verifier.Verifier + b.Difficulty.Verifier,
		VerifierCached: b.Verifier.Cached,
	}
	r.FLOPs = FLOPs{Policy: b.Policy.FLOPs, Verifier: b.Verifier.FLOPs, Difficulty: b.Difficulty.FLOPs}
	r.Search = last.Search
	if t.Arm.Kind == KindPlanned && plan != nil {
		r.Plan = strategies.String(plan.Strategy)
	}
	if e != nil {
		r.Estimate = &Estimate{e.PassRate, e.Low, e.High, e.Samples, e.Usage.Generated, e.Usage.Verifier}
	}
	return r
}
