package verifier

import (
	"github.com/ponder-mesh/ponder/reasoning"
)

// A RewardModel identifies a reward model and names the aggregator to use with it.
type RewardModel struct {
	reasoning.Model
	Aggregator Aggregator `json:"aggregator,omitzero"`
}
