// Package searchtest has a small World whose right answers are known.
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

// A Lock is a World in which a problem is the combination of a lock, such as
// "31415", and a step dials its next digit. The policy guesses; the verifier hears
// the tumblers. It starts no goroutine and is safe for concurrent use.
type Lock struct {
	*policytest.Script
	// Hearing says how long it takes to judge a path, and how it fails; nil is at once
	// and never.
	Hearing func(r verifier.Request) (time.Duration, error)

	mu    sync.Mutex
	heard []verifier.Request
}

// Judge is the reward model of every Lock.
var RewardModel = verifier.RewardModel{Model: reasoning.Model{Name: "tumblers", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}, Aggregator: verifier.AggregatorMin}

// NewLock has a policy that knows a digit with probability skill and rolls a die for
// it otherwise. Pace says how long child ordinal of r takes to write; nil is at once.
func NewLock(skill float64, pace func(r policy.Request, ordinal int) time.Duration) *Lock {
	return &Lock{Script: &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		l := policytest.Reply{Child: dial(r, ordinal, skill)}
		if pace != nil {
			l.Delay = pace(r, ordinal)
		}
		return l
	}}}
}

// dial writes a child. A digit depends on the child's seed and its place in the
// child alone: what is asked for in one piece starts like what is asked for in two.
func dial(r policy.Request, ordinal int, skill float64) policy.Child {
	c := policy.Child{Ordinal: ordinal, Finish: reasoning.FinishEnd}
	for i, left := 0, r.Sampling.MaxTokens; len(r.Steps)+i < len(r.Problem); i++ {
		if r.Span != policy.Whole && i == r.Span {
			c.Finish = reasoning.FinishStep
			break
		}
		digit := r.Problem[len(r.Steps)+i]
		if chance := rand.New(rand.NewPCG(uint64(r.Seed.Child(ordinal)), uint64(i))); r.Sampling.Temperature > 0 && chance.Float64() >= skill {
			digit = '0' + byte(chance.IntN(10))
		}
		text := string(digit) + "\n"
		cut := min(left, len(text))
		left -= cut
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

// Score hears which digits are right: a path scores about 0.9 up to its first wrong
// digit and about 0.1 from there.
func (l *Lock) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	l.mu.Lock()
	l.heard = append(l.heard, r)
	l.mu.Unlock()
	if l.Hearing != nil {
		delay, err := l.Hearing(r)
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

// Heard is the paths that were judged so far.
func (l *Lock) Heard() []verifier.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heard)
}

// Dialled is the combination that a solution tried; ok is false if it tried none.
func Dialled(solution string) (answer string, ok bool) {
	answer = strings.ReplaceAll(solution, "\n", "")
	return answer, answer != ""
}
