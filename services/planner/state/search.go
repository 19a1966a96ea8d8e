package state

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A Search is the state of a search.
type Search struct {
	ID       string
	Request  Request // with its defaults and its deadline
	State    State
	Created  time.Time
	Ended    time.Time // zero while the search is live
	Epoch    int64     // of its sequence numbers
	Sequence int64     // of its last change
	Bill     reasoning.Bill
	Estimate *difficulty.Estimate // the last of the problem's difficulty; nil if there is none
	Plan     *Plan                // nil before there is one
	Outcome  *Outcome             // nil before the end
	Nodes    int                  // in its tree
	Stored   bool                 // whether the search outlives its planner
}
