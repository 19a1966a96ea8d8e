// Package bench has a planner solve the same problems by different arms, and records for
// each search whether its answer was right and what it cost. Results go to a file of
// lines, with which a run that was stopped continues. A Matrix holds them by arm and
// problem.
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
	Difficulty difficulty.Estimator // nil: only arms that search
	Sampling   *reasoning.Sampling  // nil: the planner's
	Concurrent int                  // groups at a time
	Timeout    time.Duration        // of a search; what was found until then counts
}

// Check has the planner plan each arm, which is free, so that an arm that breaks a rule is
// refused before anything is spent on others.
func (r Runner) Check(ctx context.Context, arms []Arm) error {
	for _, a := range arms {
		if a.Kind == KindDifficulty {
			if r.Difficulty == nil {
				return reasoning.Invalid("arms", "%s needs a difficulty service, and there is none", a)
			}
			continue
		}
		t := Task{Arm: a.Unestimated(), Seed: 1}
		t.Problem.Text = "1+1"
		if _, err := r.Planner.Plan(ctx, r.request(t)); err != nil {
			return fmt.Errorf("arm %s: %w", a, err)
		}
	}
	return nil
}

// Run runs all tasks: those of a group one after another, Concurrent groups at a time. It
// calls done with each result, one at a time. An error of done or of a task ends the run.
// A search that ends without an answer is no error: its answer is wrong.
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

// pauses are those before a task is tried again: a verifier that does not answer in time,
// or an engine that restarts, must not end a run of hours, nor count as a wrong answer. A
// search that is degraded every time is a result, which says so.
var pauses = []time.Duration{time.Second, 10 * time.Second}

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

// solve runs a task to its end. It returns an error if the planner did not do what the task
// says.
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

// cancelTimeout bounds the time that a run which is interrupted waits for each planner's
// answer.
const cancelTimeout = 2 * time.Second

// cancel cancels a search that is not followed any more because ctx has ended.
func (r Runner) cancel(ctx context.Context, ref planner.Ref) error {
	if ctx.Err() == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_, err := r.Planner.Cancel(ctx, ref)
	return err
}

// request returns what a task asks of the planner.
func (r Runner) request(t Task) planner.Request {
	out := planner.Request{
		Problem: t.Problem.Text, Seed: new(reasoning.Seed(t.Seed)),
		Estimate: t.Arm.Kind == KindEstimated, Deadline: time.Now().Add(r.Timeout),
	}
	if t.Arm.Kind == KindPlanned {
		out.Samples = t.Arm.N
	} else {
		out.Strategy = search.FixedCost(t.Arm.Strategy)
	}
	if t.Arm.Choose {
		out.Choice = &t.Arm.Choice
	}
	if s := r.Sampling; s != nil {
		out.Temperature, out.TopP, out.MaxTokens = &s.Temperature, &s.TopP, &s.MaxTokens
	}
	return out
}

// estimate runs a task that only estimates difficulty.
func (r Runner) estimate(ctx context.Context, t Task) (Result, error) {
	q := difficulty.Request{
		Search: "bench", Problem: t.Problem.Text, Seed: reasoning.Seed(t.Seed), MaxSamples: t.Arm.N,
		Method: t.Arm.Method,
	}
	if r.Sampling != nil {
		q.Sampling = *r.Sampling
	}
	// An oracle has samples of its own: else it agrees with estimates by those that they
	// share.
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
	result.Estimate = &Estimate{last.PassRate, last.Low, last.High, last.Samples, u.Generated, u.Verifier}
	result.Timing = Timing{time.Since(began).Round(time.Microsecond).Seconds()}
	return result, nil
}

// check returns an error if an outcome is no result of a task. It is one if the problem
// is none for the model, such as one that is too long.
func check(t Task, plan *planner.Plan, estimate *difficulty.Estimate, o *planner.Outcome) error {
	switch {
	case o == nil:
		return errors.New("the search has no outcome")
	case o.Stop == planner.StopCancelled, o.Stop == planner.StopError && !errors.Is(o.Err, reasoning.ErrInvalid):
		return o.Err
	case t.Arm.Strategy != nil && plan != nil && plan.Strategy.Name() != t.Arm.Strategy.Name():
		return fmt.Errorf("the planner did something else: %s", plan.Reason)
	case t.Arm.Kind == KindEstimated && estimate == nil:
		return errors.New("difficulty was not estimated: is there a difficulty service?")
	}
	return nil
}
