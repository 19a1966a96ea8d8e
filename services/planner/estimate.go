package planner

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// estimate yields estimates of the difficulty of r's problem, each from more samples than the
// one before. It yields none if neither r nor its plan needs one. When an estimate is yielded,
// its samples are in the memo with zero usage, so that the search reuses them without paying
// again, or an error follows.
func (p *Planner) estimate(ctx context.Context, id string, r Request, m models, memo *backend.Memoed) iter.Seq2[difficulty.Estimate, error] {
	return func(yield func(difficulty.Estimate, error) bool) {
		request := estimateRequest(id, r)
		needed, err := estimateNeeded(r, m, &request)
		switch {
		case err != nil:
			yield(difficulty.Estimate{}, err)
			return
		case !needed || p.cfg.Difficulty == nil:
			return
		}
		ctx, stop := p.sampling(ctx, id)
		defer stop()
		for e, err := range p.cfg.Difficulty.Estimate(ctx, request) {
			var unrecorded error
			if err == nil {
				unrecorded = recordSamples(ctx, memo, request, e)
			}
			if !yield(e, err) || err != nil {
				return
			}
			if unrecorded != nil {
				yield(difficulty.Estimate{}, unrecorded) // e has the cost
				return
			}
		}
	}
}

// estimateRequest returns the request for an estimate, with the default method.
func estimateRequest(id string, r Request) difficulty.Request {
	return difficulty.Request{Tenant: r.Tenant, Search: id, Problem: r.Problem, AnswerKind: r.AnswerKind, Seed: *r.Seed, Sampling: r.Sampling()}
}

// samplingGrace is how long an estimate goes on after its search, to tell what it has cost.
const samplingGrace = time.Second

// sampling returns a context for the estimate of a search. When ctx ends, it cancels the jobs of the
// samples: the estimate then ends with an error that has their cost, which it could not tell after
// the end of its own context. That ends soon afterwards, or by stop.
func (p *Planner) sampling(ctx context.Context, id string) (context.Context, context.CancelFunc) {
	if p.cfg.CancelJobs == nil {
		return context.WithCancel(ctx)
	}
	detached := context.WithoutCancel(ctx)
	estimate, stop := context.WithCancel(detached)
	if deadline, ok := ctx.Deadline(); ok { // for the jobs
		var release context.CancelFunc
		estimate, release = context.WithDeadline(estimate, deadline.Add(samplingGrace))
		context.AfterFunc(estimate, release)
	}
	release := context.AfterFunc(ctx, func() {
		time.AfterFunc(samplingGrace, stop)
		ctx, cancel := context.WithTimeout(detached, samplingGrace)
		defer cancel()
		if p.cfg.CancelJobs(ctx, difficulty.SamplesOf(id)) != nil {
			stop()
		}
	})
	return estimate, func() { release(); stop() }
}

// estimateNeeded reports whether r or its plan needs an estimate of difficulty. With a profile
// it also sets the method, the scheme and the number of samples of request.
func estimateNeeded(r Request, m models, request *difficulty.Request) (bool, error) {
	planned := usesDifficulty(r.Samples, m.policy.Model, m.rewardModel, m.canTakeSteps())
	if m.profile != nil {
		planned = m.profile.NeedsEstimate(limits(r, time.Now()))
		if planned || r.Estimate {
			if err := m.profile.SetEstimator(request); err != nil {
				return false, err
			}
		}
	}
	return r.Estimate || r.Strategy == nil && planned, nil
}

// recordSamples puts the samples of an estimate into the memo.
func recordSamples(ctx context.Context, memo *backend.Memoed, request difficulty.Request, e difficulty.Estimate) error {
	for _, child := range e.New {
		if err := memo.Record(ctx, request.Problem, request.Seed, request.Sampling, child); err != nil {
			return fmt.Errorf("record a sample of the estimate: %w", err)
		}
	}
	return nil
}
