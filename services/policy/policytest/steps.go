package policytest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Steps returns a Script that generates solutions of depth steps. Each step has one
// digit, takes delay and has a token per byte; the last is an answer such as "A:3\n".
// Digits are drawn from 0 to 3 by the child's seed and the attempts shown; at
// temperature 0 a digit depends on the number of its step only.
func Steps(depth int, delay time.Duration) *Script {
	return &Script{Reply: func(r policy.Request, ordinal int) Reply {
		child := count(r, ordinal, depth)
		return Reply{Child: child, Delay: delay * time.Duration(len(child.Steps))}
	}}
}

// count generates a child of [Steps].
func count(r policy.Request, ordinal, depth int) policy.Child {
	seed, remaining, shown := r.Seed.Child(ordinal), r.Sampling.MaxTokens, hashAttempts(r)
	var steps []reasoning.Step
	for i := 0; ; i++ {
		place := len(r.Steps) + i + 1
		digit := place % 4
		if r.Sampling.Temperature > 0 {
			digit = rand.New(rand.NewPCG(uint64(seed), shown+uint64(i))).IntN(4)
		}
		last := place >= depth
		text := fmt.Sprintf("%d:%d\n", place, digit)
		if last {
			text = fmt.Sprintf("A:%d\n", digit)
		}
		tokens := min(len(text), remaining)
		remaining -= tokens
		steps = append(steps, reasoning.Step{Text: text[:tokens], Tokens: tokens, LogProb: -math.Log(4)})
		switch {
		case tokens < len(text):
			return policy.Child{Steps: steps, Finish: reasoning.FinishLength}
		case last:
			return policy.Child{Steps: steps, Finish: reasoning.FinishEnd}
		case len(steps) == r.Span:
			return policy.Child{Steps: steps, Finish: reasoning.FinishStep}
		case remaining == 0:
			return policy.Child{Steps: steps, Finish: reasoning.FinishLength}
		}
	}
}

// hashAttempts returns a hash of r.Attempts, 0 if there are none.
func hashAttempts(r policy.Request) uint64 {
	if len(r.Attempts) == 0 {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%q", r.Attempts)
	return h.Sum64()
}
