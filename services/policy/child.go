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
	Generate time.Duration    // time that generating took
	Start                     // zero if there was no queue
}
