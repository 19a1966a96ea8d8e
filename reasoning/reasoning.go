// Package reasoning holds the nouns that all services share: steps of a solution, their
// cost, and the models that generate and score them.
//
// A solution is a problem and a path of steps. A policy generates steps, a verifier scores
// them, and a search arranges them in a tree. Texts are byte-exact: the steps of a path,
// joined without a separator, are the text that the policy generated.
package reasoning

import (
	"math"
	"strings"
)

// A Step is one stretch of a solution, up to and including the policy's
// delimiter.
type Step struct {
	Text    string
	Tokens  int     // generated for it
	LogProb float64 // sum of the natural log-probabilities of its tokens at temperature 1; 0 if the engine tells none
	Score   float64 // the verifier's belief, in [0,1], that the path is right up to and including it; valid if Scored
	Scored  bool
}

// Texts is the text of each step.
func Texts(steps []Step) []string {
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = s.Text
	}
	return texts
}

// Join is the text of all the steps.
func Join(steps []Step) string { return strings.Join(Texts(steps), "") }

// Certainty returns the policy's own mean probability of a token of steps: the geometric
// mean, in (0,1], and 1 where the engine reports no probabilities.
func Certainty(steps []Step) float64 {
	logProb, tokens := 0.0, 0
	for _, s := range steps {
		logProb += s.LogProb
		tokens += s.Tokens
	}
	if tokens == 0 {
		return 1
	}
	return math.Exp(min(0, logProb/float64(tokens)))
}

// Finish says why a stretch of text ended.
type Finish int

const (
	FinishStep   Finish = iota + 1 // at a step delimiter, after as many steps as were asked for
	FinishEnd                      // the policy ended the text: an answer is expected in it
	FinishLength                   // cut by a token limit: neither a whole step nor an answer
)

func (f Finish) String() string {
	switch f {
	case FinishStep:
		return "step"
	case FinishEnd:
		return "end"
	case FinishLength:
		return "length"
	}
	return "unknown"
}

// Sampling says how a policy draws tokens.
type Sampling struct {
	Temperature float64 `json:"temperature"` // 0 is greedy; at most 2
	TopP        float64 `json:"top_p"`       // nucleus sampling, in (0,1]; 1 is off
	MaxTokens   int     `json:"max_tokens"`  // most tokens of one child
}

// DefaultSampling returns how services draw tokens where a request does not say.
func DefaultSampling(maxTokens int) Sampling {
	return Sampling{Temperature: 0.8, TopP: 1, MaxTokens: maxTokens}
}
