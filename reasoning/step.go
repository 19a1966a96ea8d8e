package reasoning

import (
	"math"
	"strings"
)

// A Step is one segment of a solution, up to and including the policy's delimiter.
type Step struct {
	Text    string
	Tokens  int     // generated tokens
	LogProb float64 // sum of its tokens' natural log-probabilities at temperature 1; 0 if the engine reports none
	Score   float64 // verifier's probability, in [0,1], that the path is correct up to this step; valid if Scored
	Scored  bool
}

// Texts returns the text of each step.
func Texts(steps []Step) []string {
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = s.Text
	}
	return texts
}

// Join returns the text of all steps.
func Join(steps []Step) string { return strings.Join(Texts(steps), "") }

// Tokens returns the number of generated tokens in steps.
func Tokens(steps []Step) int {
	n := 0
	for _, s := range steps {
		n += s.Tokens
	}
	return n
}

// Certainty returns the geometric mean of the policy's token probabilities over steps,
// in (0,1]; 1 if the engine reports no probabilities.
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
