package state

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// An Event tells everything that changed from change First to change Sequence. A
// watcher that falls behind gets fewer and larger events, never a gap.
//
// Numbers of changes only grow. The numbers of a search that another planner takes
// over go on in the next epoch; after a number of an earlier epoch come the events of a
// snapshot, which tell all there is.
type Event struct {
	Search   string // its id
	First    int64
	Sequence int64
	Snapshot bool      // the first of a snapshot: a client drops the tree that it had
	Time     time.Time // of the last change that is told
	State    State
	Nodes    []Node // that changed, in the order of their last change
	Bill     reasoning.Bill
	Estimate *difficulty.Estimate // nil: it did not change
	Plan     *Plan                // nil: it did not change
	Notices  []Notice
	Outcome  *Outcome // nil but in the last event
}

// MaxEventBytes is the most bytes that an Event, or a page of a list, has on the wire:
// less than any language's gRPC accepts in one message by default. Only a node or an
// outcome that is larger by itself exceeds it.
const MaxEventBytes = 1 << 20
