// Package bench runs arms (strategies and planned searches) on a problem set, and records the accuracy
// and the cost of each search. Results are appended to a Log, from which an interrupted run resumes. A
// Matrix holds them by arm and problem.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Runner runs tasks on a planner.
type Runner struct {
	Planner    planner.Solver
	Difficulty difficulty.Estimator // nil: arms of KindDifficulty are refused
	Sampling   *reasoning.Sampling  // nil: the planner's
	Concurrent int                  // number of groups that run at the same time
	Timeout    time.Duration        // per search; an answer found by then counts
}

// Check has the planner validate each arm, so that an arm that breaks a rule is refused before any arm
// spends tokens. Check itself spends none: the plan of a planned arm may depend on a difficulty estimate,
// which costs tokens, so Check has the planner plan a greedy search instead.
func (r Runner) Check(ctx context.Context, arms []Arm) error {
	for _, a := range arms {
		if a.Kind == KindDifficulty {
			if r.Difficulty == nil {
				return reasoning.Invalid("arms", "%s needs a difficulty service, and there is none: leave out the arm "+
					"or --addr", a)
			}
			continue
		}
		t := Task{Arm: a.Unestimated(), Seed: 1}
		if a.Kind == KindPlanned {
			t.Arm = Arm{N: 1, Strategy: search.Greedy{}}
		}
		t.Problem.Text = "1+1"
		if _, err := r.Planner.Plan(ctx, r.request(t)); err != nil {
			return fmt.Errorf("arm %s: %w", a, err)
		}
	}
	return nil
}

// Run runs the tasks of each group in sequence, and Concurrent groups at the same time. It calls done with
// each result, never concurrently. An error of done or of a task ends the run. A search that ends without
// an answer is not an error: its answer is wrong.
func (r Runner) Run(ctx context.Context, groups [][]Task, done func(Result) error) error {
	var mu sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(r.Concurrent)
	for _, group := range groups {
		all.Go(func() error {
			for _, t := range group {
				result, err := r.do(ctx, t)
				if err != nil {
					return fmt.Errorf("problem %s with %s: %w", t.Problem.ID, t.Arm, err)
				}
				mu.Lock()
				err = done(result)
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// pauses are the waits before the retries of a task. Retries keep a brief outage of a service from ending
// a run of hours and from counting as a wrong answer. A search that is degraded in every try is recorded
// as degraded.
var pauses = []time.Duration{time.Second, 10 * time.Second}

// do runs a task, with retries.
func (r Runner) do(ctx context.Context, t Task) (Result, error) {
	for try := 0; ; try++ {
		result, err := r.solve(ctx, t)
		good := err == nil && len(result.Degraded) == 0
		if good || try == len(pauses) || errors.Is(err, reasoning.ErrInvalid) {
			return result, err
		}
		select {
		case <-time.After(pauses[try]):
		case <-ctx.Done():
			return result, err
		}
	}
}

// solve runs a task once. It returns an error if the planner did not run the task's arm.
func (r Runner) solve(ctx context.Context, t Task) (Result, error) {
	ctx, stop := context.WithTimeout(ctx, r.Timeout+time.Minute)
	defer stop()
	if t.Arm.Kind == KindDifficulty {
		return r.estimate(ctx, t)
	}
	created, err := r.Planner.Create(ctx, r.request(t))
	if err != nil {
		return Result{}, err
	}
	ref := planner.Ref{ID: created.ID}
	var last planner.Event
	var plan *planner.Plan
	var estimate *difficulty.Estimate
	for event, err := range r.Planner.Watch(ctx, ref, 0) {
		if err != nil {
			return Result{}, errors.Join(err, r.cancel(ctx, ref))
		}
		last = event
		if event.Plan != nil {
			plan = event.Plan
		}
		if event.Estimate != nil {
			estimate = event.Estimate
		}
	}
	return searchResult(t, last, plan, estimate), check(t, plan, estimate, last.Outcome)
}

// cancelTimeout bounds the wait for the planner's response to a cancellation.
const cancelTimeout = 2 * time.Second

// cancel cancels a search if ctx has ended.
func (r Runner) cancel(ctx context.Context, ref planner.Ref) error {
	if ctx.Err() == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_, err := r.Planner.Cancel(ctx, ref)
	return err
}

// request returns the planner's request for a task.
func (r Runner) request(t Task) planner.Request {
	out := planner.Request{
		Problem: t.Problem.Text, AnswerKind: t.Problem.Kind, Seed: new(reasoning.Seed(t.Seed)),
		Estimate: t.Arm.Kind == KindEstimated, Deadline: time.Now().Add(r.Timeout),
	}
	if t.Arm.Kind == KindPlanned {
		out.Samples = t.Arm.N
	} else {
		out.Strategy = search.FixedCost(t.Arm.Strategy)
	}
	if t.Arm.HasChoice {
		out.Choice = &t.Arm.Choice
	}
	if s := r.Sampling; s != nil {
		out.Temperature, out.TopP, out.MaxTokens = &s.Temperature, &s.TopP, &s.MaxTokens
	}
	return out
}

// estimate runs a task of KindDifficulty.
func (r Runner) estimate(ctx context.Context, t Task) (Result, error) {
	q := difficulty.Request{
		Search: "bench", Problem: t.Problem.Text, Seed: reasoning.Seed(t.Seed), MaxSamples: t.Arm.N,
		Method: t.Arm.Method,
	}
	if r.Sampling != nil {
		q.Sampling = *r.Sampling
	}
	// The oracle uses independent samples, so that it is not correlated with the estimates that it checks.
	if t.Arm.Method == difficulty.MethodOracle {
		q.Answer, q.Seed = t.Problem.Answer, q.Seed.Child(math.MaxInt32)
	}
	began := time.Now()
	var last difficulty.Estimate
	for e, err := range r.Difficulty.Estimate(ctx, q) {
		if err != nil {
			return Result{}, err
		}
		last = e
	}
	result, u := newResult(t), last.Usage
	result.Stop = "complete"
	result.Tokens = Tokens{Generated: u.Generated, Prompt: u.Prompt, Cached: u.Cached, Verifier: u.Verifier}
	result.FLOPs.Difficulty = u.FLOPs
	result.Estimate = newEstimate(last)
	result.Timing = Timing{time.Since(began).Round(time.Microsecond).Seconds()}
	return result, nil
}

// check returns an error if an outcome is not a measurement of the task's arm: after a failure of a service,
// or if the planner ran another strategy. A problem that the model refuses, such as one that is too long, is
// a valid result.
func check(t Task, plan *planner.Plan, estimate *difficulty.Estimate, o *planner.Outcome) error {
	switch {
	case o == nil:
		return errors.New("the search ended without an outcome, as when the planner is stopped: to resume, run the command again")
	case o.Stop == planner.StopCancelled, o.Stop == planner.StopError && !errors.Is(o.Err, reasoning.ErrInvalid):
		return o.Err
	case t.Arm.Strategy != nil && plan != nil && plan.Strategy.Name() != t.Arm.Strategy.Name():
		return fmt.Errorf("the planner replaced %s by %s: %s", t.Arm.Strategy.Name(), plan.Strategy.Name(), plan.Reason)
	case t.Arm.Kind == KindEstimated && estimate == nil:
		return errors.New("difficulty was not estimated: start the planner with a difficulty service, or leave out estimate+")
	}
	return nil
}
