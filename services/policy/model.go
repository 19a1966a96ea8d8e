package policy

import "github.com/ponder-mesh/ponder/reasoning"

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

// ErrIncapable indicates a request for what the model cannot do on the server that runs it.
var ErrIncapable = reasoning.NewError(reasoning.KindPrecondition, "CAPABILITY_MISSING",
	"the model cannot do this on its server")
