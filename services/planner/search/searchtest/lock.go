// Package searchtest has a small search.Backend for problems with known answers.
package searchtest

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Lock is a search.Backend in which a problem is the combination of a lock, such as
// "31415", and a step is its next digit. The policy guesses digits; the verifier knows
// which are right. A Lock starts no goroutine and is safe for concurrent use.
type Lock struct {
	*policytest.Script
	// OnScore returns how long the scoring of a path takes, and its error. If OnScore is nil,
	// scoring takes no time and does not fail.
	OnScore func(r verifier.Request) (time.Duration, error)

	mu     sync.Mutex
	scored []verifier.Request
}

// RewardModel is the reward model of every Lock.
var RewardModel = verifier.RewardModel{
	Model:      reasoning.Model{Name: "tumblers", Tokenizer: "bytes", Template: "plain", Parameters: 1e6},
	Aggregator: verifier.AggregatorMin,
}

// NewLock returns a lock whose policy generates the right digit with probability skill and a
// random one otherwise; at temperature 0 it generates the right one. pace returns how long child
// ordinal of r takes to generate; if it is nil, children take no time.
func NewLock(skill float64, pace func(r policy.Request, ordinal int) time.Duration) *Lock {
	return &Lock{Script: &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		reply := policytest.Reply{Child: generate(r, ordinal, skill)}
		if pace != nil {
			reply.Delay = pace(r, ordinal)
		}
		return reply
	}}}
}

// generate returns a child. A digit depends only on the child's seed and the digit's position in
// the child, so that a whole solution begins with the steps of a shorter span.
func generate(r policy.Request, ordinal int, skill float64) policy.Child {
	c := policy.Child{Ordinal: ordinal, Finish: reasoning.FinishEnd}
	for i, remaining := 0, r.Sampling.MaxTokens; len(r.Steps)+i < len(r.Problem); i++ {
		if r.Span != policy.Whole && i == r.Span {
			c.Finish = reasoning.FinishStep
			break
		}
		digit := r.Problem[len(r.Steps)+i]
		random := rand.New(rand.NewPCG(uint64(r.Seed.Child(ordinal)), uint64(i)))
		if r.Sampling.Temperature > 0 && random.Float64() >= skill {
			digit = '0' + byte(random.IntN(10))
		}
		text := string(digit) + "\n"
		cut := min(remaining, len(text))
		remaining -= cut
		if cut > 0 {
			c.Steps = append(c.Steps, reasoning.Step{Text: text[:cut], Tokens: cut})
		}
		if cut < len(text) {
			c.Finish = reasoning.FinishLength
			break
		}
	}
	return c
}

// Score scores each step before the first wrong digit about 0.9, and the others about 0.1.
func (l *Lock) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	l.mu.Lock()
	l.scored = append(l.scored, r)
	l.mu.Unlock()
	if l.OnScore != nil {
		delay, err := l.OnScore(r)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return verifier.Result{}, ctx.Err()
		}
		if err != nil {
			return verifier.Result{}, err
		}
	}
	tokens := int64(len(r.Problem))
	h := fnv.New32a()
	result := verifier.Result{}
	belief := 0.9
	for i, s := range r.Steps {
		h.Write([]byte(s))
		tokens += int64(len(s))
		if i >= len(r.Problem) || s != r.Problem[i:i+1]+"\n" {
			belief = 0.1
		}
		noise := float64(reasoning.Seed(h.Sum32()).Child(i)%1000) / 1000
		result.Scores = append(result.Scores, belief+0.05*noise)
	}
	result.Usage = reasoning.Usage{Verifier: tokens, FLOPs: RewardModel.FLOPs(tokens)}
	return result, nil
}

// ScoreRequests returns the requests of all calls of Score until now.
func (l *Lock) ScoreRequests() []verifier.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.scored)
}

// Extract returns the combination that a solution has; ok is false if it has no digit.
func Extract(solution string) (answer string, ok bool) {
	answer = strings.ReplaceAll(solution, "\n", "")
	return answer, answer != ""
}
