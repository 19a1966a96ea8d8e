package difficulty

import (
	"cmp"
	"context"
	"iter"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// OracleSamples is the default number of samples of an Oracle. Snell et al. took 2048.
const OracleSamples = 256

// An Oracle counts the samples with the known answer (Snell et al. 2024, arXiv
// 2408.03314, §3.2, "oracle difficulty"). The other estimators are measured against it.
// An interrupted Oracle continues where it stopped if its Policy records samples, as
// those of a planner and a bench do (backend.Memo).
type Oracle struct {
	Policy policy.Policy
}

// Estimate implements Estimator with an estimate per sample. The pass rate is the share
// of right samples, the interval that of the posterior under Jeffreys' prior.
func (o *Oracle) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	k := cmp.Or(r.MaxSamples, OracleSamples)
	grade := func(c policy.Child) bool {
		text, ok := answer.Extract(reasoning.Join(c.Steps))
		return ok && c.Finish == reasoning.FinishEnd && answer.Correct(text, r.Answer)
	}
	return sampler{policy: o.Policy, grade: grade}.estimate(ctx, r, k, k, rightShare)
}

// rightShare is the passRate function of an Oracle.
func rightShare(samples []sample) (rate, low, high float64) {
	right := 0.0
	for _, s := range samples {
		right += s.score
	}
	rate = right / float64(len(samples))
	low, high = interval(right, len(samples))
	return rate, min(low, rate), max(high, rate)
}
