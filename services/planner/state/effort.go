package state

import "github.com/ponder-mesh/ponder/reasoning"

// An Effort says how much to spend. The names are those of reasoning_effort.
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

// SamplesOf holds how much text an effort generates, in whole solutions. The grid 4, 16, 64,
// 256 is the papers' (Snell et al. 2024, Liu et al. 2025).
var SamplesOf = map[Effort]int{
	EffortNone: 1, EffortMinimal: 2, EffortLow: 4, EffortMedium: 8, EffortHigh: 16, EffortXHigh: 64, EffortMax: 256,
}
