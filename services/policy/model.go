package policy

import (
	"fmt"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Model is a model and what it can do on the server that runs it.
type Model struct {
	reasoning.Model
	Capabilities
}

// Capabilities are what a model can do on the server that runs it. They are no part of its
// identity. The zero value says nothing: everything may be tried. What is stated is true of every
// request that keeps the contract of Expand, until the server changes.
type Capabilities struct {
	Input reasoning.Input // problems that it can read
	// Total is the most tokens of a prompt together with Sampling.MaxTokens: the server refuses
	// more. 0: not known, or the server cuts the text instead.
	Total int

	Counts    reasoning.Support // counts the tokens of a text that is cut, as at the end of a step or at Request.Stop
	LogProbs  reasoning.Support // has log-probabilities of the generated tokens
	Continues reasoning.Support // continues Request.Steps, and does not begin another text
	Attempts  reasoning.Support // is shown Request.Attempts
	Stops     reasoning.Support // ends a text at Request.Stop
}

// And returns the capabilities of two models together: what both can do.
func (c Capabilities) And(other Capabilities) Capabilities {
	both := Capabilities{
		Input: c.Input.And(other.Input), Total: c.Total,
		Counts: c.Counts.And(other.Counts), LogProbs: c.LogProbs.And(other.LogProbs),
		Continues: c.Continues.And(other.Continues), Attempts: c.Attempts.And(other.Attempts),
		Stops: c.Stops.And(other.Stops),
	}
	if both.Total == 0 || other.Total > 0 && other.Total < both.Total {
		both.Total = other.Total
	}
	return both
}

// Lacks returns what the model surely cannot do, in words, and the bounds of what it can.
func (c Capabilities) Lacks() (lacks []string) {
	for _, f := range []struct {
		support reasoning.Support
		lack    string
	}{
		{c.Counts, "does not count the tokens of steps"}, {c.LogProbs, "has no log-probabilities"},
		{c.Continues, "does not continue a text"}, {c.Attempts, "is not shown attempts"}, {c.Stops, "does not end at a stop text"},
	} {
		if f.support == reasoning.SupportNo {
			lacks = append(lacks, f.lack)
		}
	}
	if n := utf8.RuneCountInString(c.Input.Alphabet); n > 0 {
		lacks = append(lacks, fmt.Sprintf("reads %d characters", n))
	}
	if c.Input.Tokens > 0 {
		lacks = append(lacks, fmt.Sprintf("reads problems of at most %d tokens", c.Input.Tokens))
	}
	if c.Total > 0 {
		lacks = append(lacks, fmt.Sprintf("takes at most %d tokens of prompt and text", c.Total))
	}
	return lacks
}

// ErrIncapable indicates a request for what the model cannot do on the server that runs it.
var ErrIncapable = reasoning.NewError(reasoning.KindPrecondition, "CAPABILITY_MISSING",
	"the model cannot do this on its server")
