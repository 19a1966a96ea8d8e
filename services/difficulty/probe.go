package difficulty

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ponder-mesh/ponder/answer"
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
// the other samples agree with it. Both are fallible; the interval speaks of the
// few samples, not of the reward model's mistakes.
type Probe struct {
	Policy   policy.Policy
	Verifier verifier.Verifier // nil: agreement only
}

// probeSuffix keeps a probe's jobs apart from those of the search that it is for: on
// a queue, results go to whoever owns the name.
const probeSuffix = "-probe"

// maxSearch is the longest name that leaves room for it: jobs' have at most 64 bytes.
const maxSearch = 64 - len(probeSuffix)

// Estimate implements Estimator: one estimate a sample.
func (p *Probe) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	return func(yield func(Estimate, error) bool) {
		if err := r.Validate(); err != nil {
			yield(Estimate{}, err)
			return
		}
		k := r.MaxSamples
		if k == 0 {
			k = DefaultSamples
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var all []judged
		var estimate Estimate
		for s := range p.samples(ctx, r, k) {
			if s.err != nil {
				yield(Estimate{}, s.err)
				return
			}
			all = append(all, s)
			estimate = assess(all, estimate)
			estimate.Final = len(all) == k
			if !yield(estimate, nil) {
				return
			}
		}
	}
}

// A judged sample, or why there is none.
type judged struct {
	child  policy.Child
	usage  reasoning.Usage
	answer string  // see answerOf
	belief float64 // that it is right, where a verifier said
	scored bool
	err    error
}

// samples yields k samples as they come, each judged while others are still
// written.
func (p *Probe) samples(ctx context.Context, r Request, k int) iter.Seq[judged] {
	return func(yield func(judged) bool) {
		var judge verifier.Judge
		if p.Verifier != nil {
			var err error
			if judge, err = p.Verifier.Judge(ctx); err != nil {
				yield(judged{err: fmt.Errorf("which reward model judges the probe: %w", err)})
				return
			}
		}
		ctx, cancel := context.WithCancel(ctx)
		out := make(chan judged)
		var work sync.WaitGroup
		defer func() { // also when the caller leaves: nothing of the probe outlives it
			cancel()
			go func() { work.Wait(); close(out) }()
			for range out {
			}
		}()
		send := func(s judged) {
			select {
			case out <- s:
			case <-ctx.Done():
			}
		}
		request := policy.Request{
			Tenant: r.Tenant, Search: r.Search + probeSuffix, Problem: r.Problem, Span: policy.Whole,
			Seed: r.Seed, Sampling: r.Sampling,
		}
		var ordinals []int
		for i := range k {
			ordinals = append(ordinals, i)
		}
		for part := range slices.Chunk(ordinals, policy.MaxChildren) {
			work.Go(func() {
				request := request
				request.Ordinals = part
				for child, err := range p.Policy.Expand(ctx, request) {
					if err != nil {
						send(judged{err: err})
						return
					}
					work.Go(func() { send(p.judge(ctx, r, judge, child)) })
				}
			})
		}
		for range k {
			select {
			case s := <-out:
				if !yield(s) || s.err != nil {
					return
				}
			case <-ctx.Done():
				yield(judged{err: context.Cause(ctx)})
				return
			}
		}
	}
}

func (p *Probe) judge(ctx context.Context, r Request, judge verifier.Judge, child policy.Child) judged {
	s := judged{child: child, usage: child.Usage, answer: answerOf(child)}
	if p.Verifier == nil {
		return s
	}
	request := verifier.Request{Tenant: r.Tenant, Search: r.Search, Node: fmt.Sprint(child.Ordinal), Problem: r.Problem, Steps: reasoning.Texts(child.Steps)}
	result, err := p.Verifier.Score(ctx, request)
	if err == nil {
		err = request.Check(result.Scores)
	}
	if err != nil {
		s.err = fmt.Errorf("score a probe's sample: %w", err)
		return s
	}
	s.child.Steps = slices.Clone(child.Steps)
	for i := range s.child.Steps {
		s.child.Steps[i].Score, s.child.Steps[i].Scored = result.Scores[i], true
	}
	s.usage = s.usage.Add(result.Usage)
	s.belief, s.scored = judge.Aggregator.Of(result.Scores), true
	return s
}

// assess is the estimate after all these samples, the last of which is new.
func assess(all []judged, before Estimate) Estimate {
	last := all[len(all)-1]
	right, votes := 0.0, map[string]int{} // for each answer
	for _, s := range all {
		switch {
		case s.answer == "": // it cannot be right, whatever its steps are worth
		case s.scored:
			right += s.belief
		default:
			votes[s.answer]++
		}
	}
	right += agreement(votes, len(all))
	// Jeffreys' prior, Beta(½,½), and each sample's belief as a part of a success.
	posterior := distuv.Beta{Alpha: 0.5 + right, Beta: 0.5 + float64(len(all)) - right}
	return Estimate{
		PassRate: posterior.Mean(),
		Low:      posterior.Quantile(0.05),
		High:     posterior.Quantile(0.95),
		Samples:  len(all),
		Usage:    before.Usage.Add(last.usage),
		New:      []policy.Child{last.child},
	}
}

// agreement is the sum, over n samples, of the part of the other samples with the
// same answer; half for one that has no others.
func agreement(votes map[string]int, n int) float64 {
	if n == 1 {
		return 0.5 * float64(len(votes))
	}
	pairs := 0
	for _, count := range votes {
		pairs += count * (count - 1)
	}
	return float64(pairs) / float64(n-1)
}

// answerOf is the same for children with the same answer, and empty for one that
// ends in none.
func answerOf(c policy.Child) string {
	if c.Finish != reasoning.FinishEnd {
		return ""
	}
	text, ok := answer.Extract(reasoning.Join(c.Steps))
	if !ok {
		return ""
	}
	return "=" + answer.Key(text)
}
