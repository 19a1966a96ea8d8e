package verifier

import (
	"github.com/ponder-mesh/ponder/reasoning"
)

// A RewardModel identifies a reward model, names the aggregator to use with it, and says what it
// can score.
type RewardModel struct {
	reasoning.Model
	Aggregator   Aggregator   `json:"aggregator,omitzero"`
	Capabilities Capabilities `json:"-"` // no part of the identity
}

// Capabilities are what a reward model can score. The zero value says nothing: everything may be
// tried.
type Capabilities struct {
	Input reasoning.Input // problems that it can read
	// Steps tells that it scores the steps of a solution that has not ended. The scores of an
	// outcome reward model are meaningful only for whole solutions.
	Steps reasoning.Support
}
