package difficulty

import (
	"cmp"
	"context"
	"iter"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// DefaultSamples is the default number of samples of a Probe. Four cost little compared
// with the searches to choose from, and the search reuses them.
const DefaultSamples = 4

// A Probe estimates difficulty from a few samples. Each sample counts as a fractional success:
// its score (Snell et al. 2024, arXiv 2408.03314, §3.2, "model-predicted difficulty") or,
// without a verifier, the agreement of the other samples with it, weighted by their certainty.
// The estimate is the mean of these and of one pseudo-sample, whose value is the mean
// probability of a sample under the policy: it ranks even problems whose samples are all wrong
// (docs/difficulty.md).
//
// The interval covers sampling error only, not bias of scores, agreement or probabilities.
//
// A Probe takes samples in waves of DefaultSamples, until the bin is settled or the
// request's maximum is reached.
type Probe struct {
	Policy   policy.Policy
	Verifier verifier.Verifier // nil: agreement only
}

// Estimate implements Estimator with an estimate per sample.
func (p *Probe) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	k := cmp.Or(r.MaxSamples, DefaultSamples)
	return sampler{policy: p.Policy, verifier: p.Verifier}.estimate(ctx, r, k, DefaultSamples, expectedRate)
}

// expectedRate is the passRate function of a Probe.
func expectedRate(samples []sample) (rate, low, high float64) {
	successes := 0.0
	var unscored []sample
	for _, s := range samples {
		switch {
		case s.answer == "": // cannot be correct, whatever the scores of its steps
		case s.scored:
			successes += s.score
		default:
			unscored = append(unscored, s)
		}
	}
	successes += agreement(unscored, len(samples))
	rate = (meanProbability(samples) + successes) / (1 + float64(len(samples)))
	low, high = interval(successes, len(samples))
	return rate, min(low, rate), max(high, rate)
}

// meanProbability returns the mean probability of the samples under the policy, or ½, the mean of
// Jeffreys' prior, if the engine reported no log-probabilities for any one of them.
func meanProbability(samples []sample) (mean float64) {
	for _, s := range samples {
		logProb := 0.0
		for _, step := range s.child.Steps {
			logProb += step.LogProb
		}
		if logProb == 0 {
			return 0.5
		}
		mean += math.Exp(min(0, logProb)) / float64(len(samples))
	}
	return mean
}

// interval returns the 90 % credible interval of pass@1 after successes, which may be
// fractional, in n samples, under Jeffreys' prior, Beta(½,½).
func interval(successes float64, n int) (low, high float64) {
	b := distuv.Beta{Alpha: 0.5 + successes, Beta: 0.5 + float64(n) - successes}
	return b.Quantile(0.05), b.Quantile(0.95)
}

// agreement returns Σ_i (W(a_i) − w_i) / (W − w_i) over the answered samples, where w_i is the
// certainty of sample i, W(a_i) that of all samples with its answer, and W that of all n
// samples; a sample without an answer weighs 1. A single sample counts ½.
func agreement(answered []sample, n int) (sum float64) {
	if n == 1 {
		return 0.5 * float64(len(answered))
	}
	total, votes := float64(n-len(answered)), map[string]float64{}
	for _, s := range answered {
		total += reasoning.Certainty(s.child.Steps)
		votes[s.answer] += reasoning.Certainty(s.child.Steps)
	}
	for _, s := range answered {
		weight := reasoning.Certainty(s.child.Steps)
		if others := total - weight; others > 1e-12 { // otherwise all other weights have underflowed
			sum += min(1, max(0, votes[s.answer]-weight)/others)
		}
	}
	return sum
}
