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

// An Oracle estimates pass@1 as the fraction of samples with the known answer (Snell et al. 2024, arXiv
// 2408.03314, §3.2, "oracle difficulty"). The other estimators are measured against it.
// An interrupted Oracle continues where it stopped if its Policy records samples, as backend.Memo
// does.
type Oracle struct {
	Policy policy.Policy
}

// Estimate implements Estimator with an estimate per sample. The interval is the
// 90 % credible interval under Jeffreys' prior.
func (o *Oracle) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	k := cmp.Or(r.MaxSamples, OracleSamples)
	q := answer.Of(r.AnswerKind, r.Problem)
	correct := func(c policy.Child) bool {
		text, ok := q.Extract(reasoning.Join(c.Steps))
		return ok && c.Finish == reasoning.FinishEnd && q.Correct(text, r.Answer)
	}
	return sampler{policy: o.Policy, correct: correct}.estimate(ctx, r, k, k, fractionCorrect)
}

// fractionCorrect is the passRate function of an Oracle.
func fractionCorrect(samples []sample) (rate, low, high float64) {
	correct := 0.0
	for _, s := range samples {
		correct += s.score
	}
	rate = correct / float64(len(samples))
	low, high = interval(correct, len(samples))
	return rate, min(low, rate), max(high, rate)
}
