// Package state holds what clients see of a search, and how that changes.
//
// A planner decides, and tells each decision and each result as a [Change], which is a
// value. A [View] applies changes one after the other and depends on nothing else, so
// that whoever applies the same changes sees the same search. The package reads no
// clock and knows nothing of those who watch.
package state

import (
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Change is one thing that happened in a search.
type Change interface {
	// apply makes the change.
	apply(s *Search)
	// subject names what changed: events tell only the latest change of each subject. It
	// is empty if events tell nothing of the change beyond what every event tells.
	subject() string
	// tell adds the change to an event.
	tell(e *Event)
	// bytes returns no less than the bytes that tell adds to an event on the wire.
	bytes() int
}

// Accepted is the first change of every search.
type Accepted struct {
	ID      string
	Request Request // with its defaults and its deadline
}

func (c Accepted) apply(s *Search) { s.ID, s.Request, s.State = c.ID, c.Request, StateQueued }
func (c Accepted) subject() string { return "" }
func (c Accepted) tell(*Event)     {}
func (c Accepted) bytes() int      { return 0 }

// Estimated tells a new estimate of the problem's difficulty. Its samples are left out.
type Estimated struct{ Estimate difficulty.Estimate }

func (c Estimated) apply(s *Search) {
	c.Estimate.New = nil
	s.State, s.Estimate = max(s.State, StateRunning), &c.Estimate
}

func (c Estimated) subject() string { return "estimate" }
func (c Estimated) bytes() int      { return estimateSize + len(c.Estimate.Label) }

func (c Estimated) tell(e *Event) {
	c.Estimate.New = nil
	e.Estimate = &c.Estimate
}

// Planned tells how the search will go about it. While difficulty is estimated it may
// come more than once.
type Planned struct{ Plan Plan }

func (c Planned) apply(s *Search) { s.Plan = &c.Plan }
func (c Planned) subject() string { return "plan" }
func (c Planned) tell(e *Event)   { e.Plan = &c.Plan }
func (c Planned) bytes() int      { return c.Plan.bytes() }

// NodeChanged tells a node as it is now.
type NodeChanged struct{ Node Node }

// nodeSubject is the beginning of the subjects of nodes.
const nodeSubject = "node "

func (c NodeChanged) apply(s *Search) {
	if c.Node.State != search.StateQueued {
		s.State = max(s.State, StateRunning)
	}
}

func (c NodeChanged) subject() string { return nodeSubject + c.Node.ID }
func (c NodeChanged) tell(e *Event)   { e.Nodes = append(e.Nodes, c.Node) }
func (c NodeChanged) bytes() int      { return c.Node.Bytes() }

// Noticed tells what a person should know.
type Noticed struct{ Notice Notice }

func (c Noticed) apply(*Search) {}
func (c Noticed) subject() string {
	return fmt.Sprintf("notice %v %v", c.Notice.Time.UnixNano(), c.Notice.Text)
}
func (c Noticed) tell(e *Event) { e.Notices = append(e.Notices, c.Notice) }
func (c Noticed) bytes() int    { return noticeSize + len(c.Notice.Text) }

// Billed tells the cost so far.
type Billed struct{ Bill reasoning.Bill }

func (c Billed) apply(s *Search) { s.Bill = c.Bill }
func (c Billed) subject() string { return "" }
func (c Billed) tell(*Event)     {}
func (c Billed) bytes() int      { return 0 }

// Ended is the last change of every search.
type Ended struct {
	State   State // one that has ended
	Outcome Outcome
}

func (c Ended) apply(s *Search) { s.State, s.Outcome = c.State, &c.Outcome }
func (c Ended) subject() string { return "outcome" }
func (c Ended) tell(e *Event)   { e.Outcome = &c.Outcome }
func (c Ended) bytes() int      { return c.Outcome.bytes() }
