package planner

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// estimate yields estimates of how hard the problem of a search is, each better than the
// one before. It yields none where neither the request nor the plan needs one. The
// samples that an estimate took are in the memo, free of charge, when it is yielded: the
// search finds them as its own.
func (p *Planner) estimate(ctx context.Context, id string, r Request, m models, memo *backend.Memoed) iter.Seq2[difficulty.Estimate, error] {
	return func(yield func(difficulty.Estimate, error) bool) {
		asked := difficulty.Request{Tenant: r.Tenant, Search: id, Problem: r.Problem, Seed: *r.Seed, Sampling: r.Sampling()}
		needed, err := estimateNeeded(r, m, &asked)
		switch {
		case err != nil:
			yield(difficulty.Estimate{}, err)
			return
		case !needed || p.cfg.Difficulty == nil:
			return
		}
		for e, err := range p.cfg.Difficulty.Estimate(ctx, asked) {
			if err == nil {
				err = recordSamples(ctx, memo, asked, e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// estimateNeeded reports whether a search needs an estimate of difficulty. A profile
// sets in asked how to estimate.
func estimateNeeded(r Request, m models, asked *difficulty.Request) (bool, error) {
	planned := m.rewardModel != nil && r.Samples >= probeFrom
	if m.profile != nil {
		planned = m.profile.NeedsEstimate(want(r, time.Now()))
		if planned || r.Estimate {
			if err := m.profile.SetEstimator(asked); err != nil {
				return false, err
			}
		}
	}
	return r.Estimate || r.Strategy == nil && planned, nil
}

// recordSamples puts the samples of an estimate into the memo.
func recordSamples(ctx context.Context, memo *backend.Memoed, asked difficulty.Request, e difficulty.Estimate) error {
	for _, child := range e.New {
		if err := memo.Record(ctx, asked.Problem, asked.Seed, asked.Sampling, child); err != nil {
			return fmt.Errorf("record a sample of the estimate: %w", err)
		}
	}
	return nil
}
