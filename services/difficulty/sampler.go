package difficulty

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A sampler samples whole solutions of a problem, and scores them if it has a verifier.
type sampler struct {
	policy   policy.Policy
	verifier verifier.Verifier       // nil: none
	correct  func(policy.Child) bool // used instead of a verifier if the answer is known
}

// probeSuffix is appended to the id of the search in a probe's jobs. A queue delivers
// results by search id, so that the ids of a probe and of its search must differ.
const probeSuffix = "-probe"

// maxSearch is the longest search id that leaves room for probeSuffix.
const maxSearch = 64 - len(probeSuffix)

// A passRate estimates pass@1 and its interval from samples in the order of their
// ordinals.
type passRate func(samples []sample) (rate, low, high float64)

// estimate yields an estimate per sample until there are k. It takes samples in waves,
// and starts no wave when the bin is settled.
func (p sampler) estimate(
	ctx context.Context, r Request, k, wave int, passRate passRate,
) iter.Seq2[Estimate, error] {
	return func(yield func(Estimate, error) bool) {
		var all []sample
		var e Estimate
		for len(all) < k && !(len(all) > 0 && e.Settled) {
			for s, err := range p.samples(ctx, r, len(all), min(k, len(all)+wave)) {
				if err != nil {
					yield(Estimate{}, err)
					return
				}
				// Sums of floats depend on the order, so samples are kept in order of ordinals.
				at, _ := slices.BinarySearchFunc(all, s, byOrdinal)
				all = slices.Insert(all, at, s)
				e = Estimate{Samples: len(all), Usage: e.Usage.Add(s.usage), New: []policy.Child{s.child}}
				e.PassRate, e.Low, e.High = passRate(all)
				e = e.withBin(r.scheme())
				e.Final = len(all) == k || len(all)%wave == 0 && e.Settled
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// A sampleResult is a sample or the error of a goroutine of samples.
type sampleResult struct {
	sample sample
	err    error
}

// samples yields the samples with ordinals in [from, to) as they finish. It scores each
// while others are still generated. It returns only when its goroutines have ended.
func (p sampler) samples(ctx context.Context, r Request, from, to int) iter.Seq2[sample, error] {
	return func(yield func(sample, error) bool) {
		var model verifier.RewardModel
		if p.verifier != nil {
			var err error
			if model, err = p.verifier.RewardModel(ctx); err != nil {
				yield(sample{}, fmt.Errorf("get reward model: %w", err))
				return
			}
		}
		ctx, cancel := context.WithCancel(ctx)
		out := make(chan sampleResult)
		var work sync.WaitGroup
		defer func() {
			cancel()
			go func() { work.Wait(); close(out) }()
			for range out {
			}
		}()
		send := func(s sample, err error) {
			select {
			case out <- sampleResult{s, err}:
			case <-ctx.Done():
			}
		}
		for _, request := range requests(r, from, to) {
			work.Go(func() {
				for child, err := range p.policy.Expand(ctx, request) {
					if err != nil {
						send(sample{}, err)
						return
					}
					work.Go(func() { send(p.score(ctx, r, model, child)) })
				}
			})
		}
		for range to - from {
			select {
			case s := <-out:
				if !yield(s.sample, s.err) || s.err != nil {
					return
				}
			case <-ctx.Done():
				yield(sample{}, context.Cause(ctx))
				return
			}
		}
	}
}

// requests returns the requests for the samples with ordinals in [from, to).
func requests(r Request, from, to int) (all []policy.Request) {
	var ordinals []int
	for i := from; i < to; i++ {
		ordinals = append(ordinals, i)
	}
	for part := range slices.Chunk(ordinals, policy.MaxChildren) {
		all = append(all, policy.Request{
			Tenant: r.Tenant, Search: r.Search + probeSuffix, Problem: r.Problem, Span: policy.Whole,
			Seed: r.Seed, Sampling: r.Sampling, Ordinals: part,
		})
	}
	return all
}

// score returns child as a sample, scored by the verifier if there is one.
func (p sampler) score(
	ctx context.Context, r Request, model verifier.RewardModel, child policy.Child,
) (sample, error) {
	s := sample{child: child, usage: child.Usage, answer: answerOf(child)}
	if p.correct != nil && p.correct(child) {
		s.score = 1
	}
	if p.verifier == nil {
		return s, nil
	}
	request := verifier.Request{
		Tenant: r.Tenant, Search: r.Search, Node: fmt.Sprint(child.Ordinal),
		Problem: r.Problem, Steps: reasoning.Texts(child.Steps),
	}
	result, err := p.verifier.Score(ctx, request)
	if err == nil {
		err = request.Check(result.Scores)
	}
	if err != nil {
		return sample{}, fmt.Errorf("score sample %d: %w", child.Ordinal, err)
	}
	s.child.Steps = slices.Clone(child.Steps)
	for i := range s.child.Steps {
		s.child.Steps[i].Score, s.child.Steps[i].Scored = result.Scores[i], true
	}
	s.usage = s.usage.Add(result.Usage)
	s.score, s.scored = model.Aggregator.Of(result.Scores), true
	return s, nil
}

// failed returns a sequence of err alone.
func failed(err error) iter.Seq2[Estimate, error] {
	return func(yield func(Estimate, error) bool) { yield(Estimate{}, err) }
}
