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

// PredictedSamples of a Predicted that nobody told how many. Snell et al. took 2048.
const PredictedSamples = 16

// A Predicted estimates difficulty as the mean of the reward model's final scores of
// many samples (Snell et al. 2024, arXiv 2408.03314, §3.2, "model-predicted
// difficulty"): no answer is needed. What it says is on the scale of the reward model,
// so its bins are quantiles.
type Predicted struct {
	Policy   policy.Policy
	Verifier verifier.Verifier
}

// Estimate implements Estimator: one estimate a sample.
func (p *Predicted) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	if p.Verifier == nil {
		return failed(reasoning.Invalid("method", "predicted needs a verifier, and there is none"))
	}
	k := cmp.Or(r.MaxSamples, PredictedSamples)
	return sampler{policy: p.Policy, verifier: p.Verifier}.estimate(ctx, r, k, k, meanScore)
}

// meanScore with its interval by the normal approximation; of one sample nothing is
// known.
func meanScore(all []judged) (mean, low, high float64) {
	n, sum := float64(len(all)), 0.0
	for _, s := range all {
		sum += worth(s)
	}
	mean = min(1, sum/n)
	if len(all) == 1 {
		return mean, 0, 1
	}
	spread := 0.0
	for _, s := range all {
		spread += (worth(s) - mean) * (worth(s) - mean) / (n - 1)
	}
	half := 1.645 * math.Sqrt(spread/n)
	return mean, max(0, mean-half), min(1, mean+half)
}

// worth of a sample: one without an answer cannot be right, whatever its steps are worth.
func worth(s judged) float64 {
	if s.answer == "" {
		return 0
	}
	return s.belief
}
