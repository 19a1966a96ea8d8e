package state

import "github.com/ponder-mesh/ponder/reasoning"

// An Effort says how much to spend. The names are those of reasoning_effort in OpenAI's API.
type Effort int

const (
	EffortNone    Effort = iota + 1 // one greedy sample
	EffortMinimal                   // two samples
	EffortLow
	EffortMedium // the default
	EffortHigh
	EffortXHigh
	EffortMax
)

var effortNames = []string{"", "none", "minimal", "low", "medium", "high", "xhigh", "max"}

func (e Effort) String() string {
	if e < EffortNone || e > EffortMax {
		return "unknown"
	}
	return effortNames[e]
}

// ParseEffort returns the effort with this name.
func ParseEffort(name string) (Effort, error) {
	for e := EffortNone; e <= EffortMax; e++ {
		if effortNames[e] == name {
			return e, nil
		}
	}
	return 0, reasoning.Invalid("effort", "%q must be one of %v", name, effortNames[1:])
}

// samples holds the budget of each effort in whole solutions. The grid 4, 16, 64, 256 is the
// papers' (Snell et al. 2024, Liu et al. 2025).
var samples = []int{0, 1, 2, 4, 8, 16, 64, 256}

// Samples returns the budget of an effort in whole solutions, 0 for an unknown effort.
func (e Effort) Samples() int {
	if e < EffortNone || e > EffortMax {
		return 0
	}
	return samples[e]
}
