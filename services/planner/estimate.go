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
	return difficulty.Request{Tenant: r.Tenant, Search: id, Problem: r.Problem, Seed: *r.Seed, Sampling: r.Sampling()}
}

// estimateNeeded reports whether r or its plan needs an estimate of difficulty. With a profile
// it also sets the method, the scheme and the number of samples of request.
func estimateNeeded(r Request, m models, request *difficulty.Request) (bool, error) {
	planned := usesDifficulty(r.Samples, m.policy, m.rewardModel)
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
