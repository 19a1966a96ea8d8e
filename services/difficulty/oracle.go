package difficulty

import (
	"cmp"
	"context"
	"iter"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// OracleSamples of an Oracle that nobody told how many. Snell et al. took 2048.
const OracleSamples = 256

// An Oracle knows the answer and counts the samples that have it (Snell et al. 2024,
// arXiv 2408.03314, §3.2, "oracle difficulty"). It is what the other estimators are
// measured against. It goes on where it was stopped if its Policy remembers what it
// wrote, as a planner's and a bench's do (backend.Memo).
type Oracle struct {
	Policy policy.Policy
}

// Estimate implements Estimator: one estimate a sample. Its pass rate is the share of
// right ones, its interval that of Jeffreys' posterior.
func (o *Oracle) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	k := cmp.Or(r.MaxSamples, OracleSamples)
	grade := func(c policy.Child) bool {
		text, ok := answer.Extract(reasoning.Join(c.Steps))
		return ok && c.Finish == reasoning.FinishEnd && answer.Correct(text, r.Answer)
	}
	return sampler{policy: o.Policy, grade: grade}.estimate(ctx, r, k, k, func(all []judged) (rate, low, high float64) {
		right := 0.0
		for _, s := range all {
			right += s.belief
		}
		rate = right / float64(len(all))
		_, low, high = posterior(right, len(all))
		return rate, min(low, rate), max(high, rate)
	})
}
