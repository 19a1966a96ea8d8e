package policyqueue

import (
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An expansion is one running Expand, with an unbounded mailbox: a NATS callback puts
// events into it and never waits for a slow caller.
type expansion struct {
	jobs   []*job          // guarded by registry.mu until all are published, not changed after
	left   int             // children that the caller has not been given; used by Expand alone
	wasted reasoning.Usage // of children that were begun and are not finished; used by Expand alone

	ready chan struct{} // holds one value while there are events

	mu     sync.Mutex
	events []event
}

// An event is a start, an error, a number of wasted tokens, or else a child.
type event struct {
	start  *policy.Start
	err    error
	wasted *reasoning.Usage
	child  policy.Child
}

func newExpansion(children int) *expansion {
	return &expansion{left: children, ready: make(chan struct{}, 1)}
}

// put adds an event, and does not block.
func (e *expansion) put(ev event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, ev)
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

// take removes and returns all events.
func (e *expansion) take() []event {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.events
	e.events = nil
	return events
}
