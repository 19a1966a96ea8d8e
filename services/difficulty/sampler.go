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

// A sampler takes whole samples of problems, and has them judged where there is a
// verifier.
type sampler struct {
	policy   policy.Policy
	verifier verifier.Verifier               // nil: none
	grade    func(policy.Child) (right bool) // instead of a verifier, where the answer is known
}

// probeSuffix keeps a probe's jobs apart from those of the search that it is for: on
// a queue, results go to whoever owns the name.
const probeSuffix = "-probe"

// maxSearch is the longest name that leaves room for it: jobs' have at most 64 bytes.
const maxSearch = 64 - len(probeSuffix)

// A rule says what judged samples mean for pass@1; they are in the order of their
// ordinals.
type rule func(all []judged) (rate, low, high float64)

// estimate yields an estimate a sample, by a rule, until there are k. Samples are asked
// for in waves: when one has come in whole and the bin is settled, no other is asked for.
func (p sampler) estimate(ctx context.Context, r Request, k, wave int, rule rule) iter.Seq2[Estimate, error] {
	return func(yield func(Estimate, error) bool) {
		var all []judged
		var e Estimate
		for len(all) < k && !(len(all) > 0 && e.Settled) {
			for s := range p.samples(ctx, r, len(all), min(k, len(all)+wave)) {
				if s.err != nil {
					yield(Estimate{}, s.err)
					return
				}
				// In order, so that sums of floats do not depend on who came first.
				at, _ := slices.BinarySearchFunc(all, s, func(a, b judged) int { return cmp.Compare(a.child.Ordinal, b.child.Ordinal) })
				all = slices.Insert(all, at, s)
				e = Estimate{Samples: len(all), Usage: e.Usage.Add(s.usage), New: []policy.Child{s.child}}
				e.PassRate, e.Low, e.High = rule(all)
				e = e.in(r.scheme())
				e.Final = len(all) == k || len(all)%wave == 0 && e.Settled
				if !yield(e, nil) {
					return
				}
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

// samples yields the samples from one to before another as they come, each judged
// while others are still written.
func (p sampler) samples(ctx context.Context, r Request, from, to int) iter.Seq[judged] {
	return func(yield func(judged) bool) {
		var judge verifier.RewardModel
		if p.verifier != nil {
			var err error
			if judge, err = p.verifier.RewardModel(ctx); err != nil {
				yield(judged{err: fmt.Errorf("get reward model: %w", err)})
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
		for i := from; i < to; i++ {
			ordinals = append(ordinals, i)
		}
		for part := range slices.Chunk(ordinals, policy.MaxChildren) {
			work.Go(func() {
				request := request
				request.Ordinals = part
				for child, err := range p.policy.Expand(ctx, request) {
					if err != nil {
						send(judged{err: err})
						return
					}
					work.Go(func() { send(p.judge(ctx, r, judge, child)) })
				}
			})
		}
		for range to - from {
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

func (p sampler) judge(ctx context.Context, r Request, judge verifier.RewardModel, child policy.Child) judged {
	s := judged{child: child, usage: child.Usage, answer: answerOf(child)}
	if p.grade != nil && p.grade(child) {
		s.belief = 1
	}
	if p.verifier == nil {
		return s
	}
	request := verifier.Request{Tenant: r.Tenant, Search: r.Search, Node: fmt.Sprint(child.Ordinal), Problem: r.Problem, Steps: reasoning.Texts(child.Steps)}
	result, err := p.verifier.Score(ctx, request)
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
