package difficulty

import (
	"cmp"
	"context"
	"iter"
	"math"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// PredictedSamples is the default number of samples of a Predicted. Snell et al. took
// 2048.
const PredictedSamples = 16

// A Predicted estimates difficulty as the mean of the reward model's final scores of
// many samples (Snell et al. 2024, arXiv 2408.03314, §3.2, "model-predicted
// difficulty"). It needs no answer. Its rates are scores of the reward model, not
// calibrated probabilities: use Quantiles as its scheme.
type Predicted struct {
	Policy   policy.Policy
	Verifier verifier.Verifier
}

// Estimate implements Estimator with an estimate per sample.
func (p *Predicted) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	if p.Verifier == nil {
		return failed(reasoning.Invalid("method", "predicted needs a verifier: start one, or use probe"))
	}
	k := cmp.Or(r.MaxSamples, PredictedSamples)
	return sampler{policy: p.Policy, verifier: p.Verifier}.estimate(ctx, r, k, k, meanScore)
}

// meanScore is the passRate function of a Predicted. Its interval is that of the normal
// approximation; after one sample it is [0,1].
func meanScore(samples []sample) (mean, low, high float64) {
	n, sum := float64(len(samples)), 0.0
	for _, s := range samples {
		sum += answerScore(s)
	}
	mean = min(1, sum/n)
	if len(samples) == 1 {
		return mean, 0, 1
	}
	variance := 0.0
	for _, s := range samples {
		variance += (answerScore(s) - mean) * (answerScore(s) - mean) / (n - 1)
	}
	half := 1.645 * math.Sqrt(variance/n)
	return mean, max(0, mean-half), min(1, mean+half)
}

// answerScore returns the score of a sample, or 0 if the sample has no answer and so
// cannot be correct.
func answerScore(s sample) float64 {
	if s.answer == "" {
		return 0
	}
	return s.score
}
