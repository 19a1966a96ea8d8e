package policy

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Child is one continuation of a prefix. Its usage has all tokens that the engine generated
// for it: those that are in no step, as of a text that was cut at the limit, are wasted.
type Child struct {
	Ordinal  int
	Steps    []reasoning.Step // at least one; the last ends with Request.Stop if that matched
	Finish   reasoning.Finish // FinishStep also if Request.Stop matched
	Usage    reasoning.Usage  // of this child; a prefix that siblings read once is charged to the first that finishes
	Waste    reasoning.Waste  // the part of Usage that was wasted since the child before, by attempts that were stopped or failed
	Unknown  reasoning.Usage  // upper bound of what such attempts have cost beyond Usage, and was never reported
	Generate time.Duration    // time that generating took
	Start                     // zero if there was no queue
}

// Cost returns what c has cost.
func (c Child) Cost() reasoning.Cost {
	return reasoning.Cost{Usage: c.Usage, Waste: c.Waste, Unknown: c.Unknown}
}

// WithCost returns c with another cost.
func (c Child) WithCost(cost reasoning.Cost) Child {
	c.Usage, c.Waste, c.Unknown = cost.Usage, cost.Waste, cost.Unknown
	return c
}
