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

// DefaultSamples of a probe. Four cost little beside the searches that they choose
// between, and every one of them is used again.
const DefaultSamples = 4

// A Probe estimates difficulty from a few samples. A sample counts as right to the
// degree that the reward model believes in it (Snell et al. 2024, arXiv 2408.03314,
// §3.2, "model-predicted difficulty") and, without a verifier, to the degree that
// the other samples agree with it, each weighing what the policy itself thought of its
// tokens. Before any sample, as much as one sample is worth, pass@1 is what the policy
// thinks of its own samples: their probability, where the engine tells it. Of problems
// whose samples are all wrong that still says which are harder (docs/difficulty.md).
//
// All are fallible; the interval speaks of the few samples, not of mistakes.
//
// Samples come in waves of DefaultSamples, until the bin is settled or there are as
// many as the request allows.
type Probe struct {
	Policy   policy.Policy
	Verifier verifier.Verifier // nil: agreement only
}

// Estimate implements Estimator: one estimate a sample.
func (p *Probe) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	return sampler{policy: p.Policy, verifier: p.Verifier}.estimate(ctx, r, cmp.Or(r.MaxSamples, DefaultSamples), DefaultSamples, believed)
}

// failed is no estimate, and why.
func failed(err error) iter.Seq2[Estimate, error] {
	return func(yield func(Estimate, error) bool) { yield(Estimate{}, err) }
}

// believed takes each sample's belief as a part of a success.
func believed(all []judged) (rate, low, high float64) {
	right := 0.0
	var others []judged // that no verifier judged
	for _, s := range all {
		switch {
		case s.answer == "": // it cannot be right, whatever its steps are worth
		case s.scored:
			right += s.belief
		default:
			others = append(others, s)
		}
	}
	right += agreement(others, len(all))
	rate = (own(all) + right) / (1 + float64(len(all)))
	_, low, high = posterior(right, len(all))
	return rate, min(low, rate), max(high, rate)
}

// own is the mean probability that the policy gives its own samples; ½ where the engine
// tells none, as Jeffreys' prior has it.
func own(all []judged) (mean float64) {
	for _, s := range all {
		logProb := 0.0
		for _, step := range s.child.Steps {
			logProb += step.LogProb
		}
		if logProb == 0 {
			return 0.5
		}
		mean += math.Exp(min(0, logProb)) / float64(len(all))
	}
	return mean
}

// posterior of pass@1 after so many successes, of n, in parts too: Jeffreys' prior,
// Beta(½,½).
func posterior(right float64, n int) (mean, low, high float64) {
	b := distuv.Beta{Alpha: 0.5 + right, Beta: 0.5 + float64(n) - right}
	return b.Mean(), b.Quantile(0.05), b.Quantile(0.95)
}

// agreement is the sum, over n samples of which these have an answer, of the part of
// the others that has the same one, by weight of certainty; half for one that has no
// others. Samples without an answer agree with nobody and weigh one.
func agreement(answered []judged, n int) (sum float64) {
	if n == 1 {
		return 0.5 * float64(len(answered))
	}
	all, votes := float64(n-len(answered)), map[string]float64{}
	for _, s := range answered {
		all += reasoning.Certainty(s.child.Steps)
		votes[s.answer] += reasoning.Certainty(s.child.Steps)
	}
	for _, s := range answered {
		own := reasoning.Certainty(s.child.Steps)
		if others := all - own; others > 1e-12 { // else nobody else is sure of anything
			sum += min(1, max(0, votes[s.answer]-own)/others)
		}
	}
	return sum
}
