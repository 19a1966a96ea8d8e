package state

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// An Event has the latest change of each subject among the changes from First to Sequence. A
// slow watcher gets fewer and larger events, never a gap.
//
// Sequence numbers only increase. If another planner takes over a search (none does yet), the
// search's numbers continue in the next epoch; a watcher that continues after a number of an
// earlier epoch gets the whole state, as the events of a snapshot.
type Event struct {
	Search   string // its id
	First    int64
	Sequence int64
	Snapshot bool      // the first event of a snapshot, at which a client drops its tree
	Time     time.Time // of the last change in the event
	State    State
	Nodes    []Node // that changed, in the order of their last change
	Bill     reasoning.Bill
	Estimate *difficulty.Estimate // nil: it did not change
	Plan     *Plan                // nil: it did not change
	Notices  []Notice
	Outcome  *Outcome // only in the last event
}

// MaxEventBytes bounds an Event, or a page of a list, on the wire. It is less than the
// default limit of a message in every language's gRPC. Only a single node or outcome that
// is larger exceeds it.
const MaxEventBytes = 1 << 20
