package difftest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A script is the backend of the suite; reference/script.py is the same in Python. A node is its
// path: the names of its steps, which are the ordinals of the samples. The SHA-256 of
// "kind:seed:name/name/…" determines the score of a path, whether it ends, whether a token limit
// cuts it, and its answer.
type script struct {
	kind string
	seed int
	// rollouts is set if a strategy requests a rollout of each step before its samples, so that
	// sample i is child i+1.
	rollouts bool
}

// A kind has the parameters of a script: see KINDS in script.py.
type kind struct {
	first, odds, last int  // from depth first on, a path ends with probability odds/256; at depth last, always
	bits              int  // of a score
	cut               int  // a token limit cuts a path with probability cut/256
	flat              bool // a path has the score of its first step
	twins             bool // samples 2i and 2i+1 have the same text
}

var kinds = map[string]kind{
	"plain":  {first: 2, odds: 64, last: 7, bits: 24},
	"long":   {first: 4, odds: 32, last: 12, bits: 24},
	"coarse": {first: 2, odds: 64, last: 7, bits: 3},
	"cut":    {first: 2, odds: 48, last: 7, bits: 24, cut: 32},
	"flat":   {first: 2, odds: 64, last: 7, bits: 24, flat: true},
	"twins":  {first: 2, odds: 64, last: 7, bits: 24, twins: true},
}

// greedy is the name of a step at temperature 0.
const greedy = "g"

func (s script) digest(path []string) [sha256.Size]byte {
	return sha256.Sum256([]byte(s.kind + ":" + strconv.Itoa(s.seed) + ":" + strings.Join(path, "/")))
}

func (s script) score(path []string) float64 {
	k := kinds[s.kind]
	if k.flat {
		path = path[:1]
	}
	d := s.digest(path)
	return float64((int(d[0])<<16|int(d[1])<<8|int(d[2]))>>(24-k.bits)) / float64(int(1)<<k.bits)
}

func (s script) finish(path []string) reasoning.Finish {
	switch k, d := kinds[s.kind], s.digest(path); {
	case len(path) >= k.last || len(path) >= k.first && int(d[3]) < k.odds:
		return reasoning.FinishEnd
	case int(d[4]) < k.cut:
		return reasoning.FinishLength
	}
	return reasoning.FinishStep
}

// answer returns the answer of a whole solution: "a" with a probability that depends on the seed,
// otherwise one of five others.
func (s script) answer(solution string) (key string, ok bool) {
	d, lead := s.digest(strings.Fields(solution)), sha256.Sum256(fmt.Appendf(nil, "%s:%d", s.kind, s.seed))
	if d[5] < lead[0] {
		return "a", true
	}
	return "bcdef"[d[6]%5:][:1], true
}

// name returns the name of a child's first step.
func (s script) name(r policy.Request, ordinal int) string {
	switch {
	case r.Sampling.Temperature == 0:
		return greedy
	case s.rollouts && r.Node != "":
		ordinal--
	}
	if kinds[s.kind].twins {
		ordinal /= 2
	}
	return strconv.Itoa(ordinal)
}

// Expand implements search.Backend. It yields the children in order.
func (s script) Expand(_ context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		for _, ordinal := range r.Ordinals {
			path := names(r.Steps)
			child := policy.Child{Ordinal: ordinal, Finish: reasoning.FinishStep}
			for name := s.name(r, ordinal); child.Finish == reasoning.FinishStep; {
				path = append(path, name)
				child.Steps = append(child.Steps, reasoning.Step{Text: name + "\n", Tokens: 1})
				child.Finish = s.finish(path)
				if r.Span != policy.Whole && len(child.Steps) == r.Span {
					break
				}
				if name != greedy {
					name = "0"
				}
			}
			if !yield(child, nil) {
				return
			}
		}
	}
}

// Score implements search.Backend.
func (s script) Score(_ context.Context, r verifier.Request) (verifier.Result, error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	var result verifier.Result
	path := names(r.Steps)
	for i := range path {
		result.Scores = append(result.Scores, s.score(path[:i+1]))
	}
	return result, nil
}

// names returns the names of steps with these texts.
func names(steps []string) []string {
	path := slices.Clone(steps)
	for i, s := range path {
		path[i] = strings.TrimSuffix(s, "\n")
	}
	return path
}
