package difficulty

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/answer"
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

// SamplesOf returns the search id of the requests for the samples of a search's estimate.
func SamplesOf(search string) string { return search + probeSuffix }

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
		var wasted tally
		for len(all) < k && !(len(all) > 0 && e.Settled) {
			for s, err := range p.samples(ctx, r, len(all), min(k, len(all)+wave), &wasted) {
				if err != nil {
					rest := reasoning.Cost{Unknown: p.settle(ctx, r)}.Add(s.cost).Add(wasted.take())
					yield(Estimate{}.WithCost(rest.EndedBy(err)), err)
					return
				}
				// Sums of floats depend on the order, so samples are kept in order of ordinals.
				at, _ := slices.BinarySearchFunc(all, s, byOrdinal)
				all = slices.Insert(all, at, s)
				cost := e.Cost().Add(s.cost).Add(wasted.take())
				e = Estimate{Samples: len(all), New: []policy.Child{s.child}}.WithCost(cost)
				e.PassRate, e.Low, e.High = passRate(all)
				e = e.withBin(r.scheme())
				e.Final = len(all) == k || len(all)%wave == 0 && e.Settled
				if !e.Final && !yield(e, nil) {
					return
				}
			}
		}
		rest := reasoning.Cost{Unknown: p.settle(ctx, r)}.Add(wasted.take()) // of attempts that ended after the last sample
		yield(e.WithCost(e.Cost().Add(rest)), nil)
	}
}

// settle returns an upper bound of what the samples have cost and was never reported.
func (p sampler) settle(ctx context.Context, r Request) reasoning.Usage {
	if s, ok := p.policy.(policy.Settler); ok {
		return s.Settle(context.WithoutCancel(ctx), SamplesOf(r.Search))
	}
	return reasoning.Usage{}
}

// A sampleResult is a sample or the error of a goroutine of samples, with the cost of what failed.
type sampleResult struct {
	sample sample
	err    error
}

// A tally is a cost that several goroutines add to.
type tally struct {
	mu   sync.Mutex
	cost reasoning.Cost
}

func (t *tally) add(c reasoning.Cost) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cost = t.cost.Add(c)
}

// take returns the cost and sets it to zero.
func (t *tally) take() (c reasoning.Cost) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, t.cost = t.cost, reasoning.Cost{}
	return c
}

// samples yields the samples with ordinals in [from, to) as they finish. It scores each
// while others are still generated. It returns only when its goroutines have ended. The sample
// that is yielded with an error has only its cost: what was spent on all samples that were not
// yielded. wasted gets what is in no sample.
func (p sampler) samples(ctx context.Context, r Request, from, to int, wasted *tally) iter.Seq2[sample, error] {
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
		requests := requests(r, from, to)
		out := make(chan sampleResult, to-from+len(requests)) // a result per sample, an error per request
		send := func(s sample, err error) { out <- sampleResult{s, err} }
		var work sync.WaitGroup
		stop := func() { cancel(); work.Wait(); close(out) }
		q := answer.Of(r.AnswerKind, r.Problem)
		for _, request := range requests {
			request.OnWaste = wasted.add
			work.Go(func() {
				for child, err := range p.policy.Expand(ctx, request) {
					if err != nil {
						send(sample{cost: child.Cost().EndedBy(err)}, err)
						return
					}
					work.Go(func() { send(p.score(ctx, r, q, model, child)) })
				}
			})
		}
		for range to - from {
			var s sampleResult
			select {
			case s = <-out:
			case <-ctx.Done():
				s.err = context.Cause(ctx)
			}
			if s.err != nil {
				stop()
				for rest := range out { // not used, though some may be complete
					s.sample.cost = s.sample.cost.Add(rest.sample.cost.EndedBy(cmp.Or(rest.err, context.Canceled)))
				}
				yield(s.sample, s.err)
				return
			}
			if !yield(s.sample, nil) {
				break
			}
		}
		stop()
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
			Tenant: r.Tenant, Search: SamplesOf(r.Search), Problem: r.Problem, Span: policy.Whole,
			Seed: r.Seed, Sampling: r.Sampling, Ordinals: part,
		})
	}
	return all
}

// score returns child as a sample, scored by the verifier if there is one. With an error the
// sample has only its cost, which is wasted.
func (p sampler) score(
	ctx context.Context, r Request, q *answer.Question, model verifier.RewardModel, child policy.Child,
) (sample, error) {
	s := sample{child: child, cost: child.Cost(), answer: answerOf(q, child)}
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
	s.cost = s.cost.Add(result.Cost())
	if err != nil {
		return sample{cost: s.cost.EndedBy(err)}, fmt.Errorf("score sample %d: %w", child.Ordinal, err)
	}
	s.child.Steps = slices.Clone(child.Steps)
	for i := range s.child.Steps {
		s.child.Steps[i].Score, s.child.Steps[i].Scored = result.Scores[i], true
	}
	s.score, s.scored = model.Aggregator.Of(result.Scores), true
	return s, nil
}

// failed returns a sequence of err alone.
func failed(err error) iter.Seq2[Estimate, error] {
	return func(yield func(Estimate, error) bool) { yield(Estimate{}, err) }
}
