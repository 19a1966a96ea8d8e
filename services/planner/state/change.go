// Package state holds the state of a search as clients see it, and its changes.
//
// A planner describes each decision and each result by a [Change], which is a value. A
// [View] applies changes one after the other and depends on nothing else, so that the same
// changes always lead to the same state. The package reads no clock and has no watchers.
package state

import (
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Change is one change of the state of a search.
type Change interface {
	// apply applies the change to the state.
	apply(s *Search)
	// subject names what changed: an event has only the latest change of each subject. It
	// is empty if the change adds nothing to an event besides the fields of every event.
	subject() string
	// addTo adds the change to an event.
	addTo(e *Event)
	// bytes returns an upper bound of the bytes that addTo adds to an event on the wire.
	bytes() int
}

// Accepted is the first change of every search.
type Accepted struct {
	ID      string
	Request Request // with its defaults and its deadline
}

func (c Accepted) apply(s *Search) { s.ID, s.Request, s.State = c.ID, c.Request, StateQueued }
func (c Accepted) subject() string { return "" }
func (c Accepted) addTo(*Event)    {}
func (c Accepted) bytes() int      { return 0 }

// Estimated is a new estimate of the problem's difficulty. The state and events do not have its
// samples.
type Estimated struct{ Estimate difficulty.Estimate }

func (c Estimated) apply(s *Search) {
	c.Estimate.New = nil
	s.State, s.Estimate = max(s.State, StateRunning), &c.Estimate
}

func (c Estimated) subject() string { return "estimate" }
func (c Estimated) bytes() int      { return estimateSize + len(c.Estimate.Label) }

func (c Estimated) addTo(e *Event) {
	c.Estimate.New = nil
	e.Estimate = &c.Estimate
}

// Planned is a new plan. While difficulty is estimated there may be several.
type Planned struct{ Plan Plan }

func (c Planned) apply(s *Search) { s.Plan = &c.Plan }
func (c Planned) subject() string { return "plan" }
func (c Planned) addTo(e *Event)  { e.Plan = &c.Plan }
func (c Planned) bytes() int      { return c.Plan.bytes() }

// NodeChanged is the new state of a node.
type NodeChanged struct{ Node Node }

// nodeSubject is the beginning of the subjects of nodes.
const nodeSubject = "node "

func (c NodeChanged) apply(s *Search) {
	if c.Node.State != search.StateQueued {
		s.State = max(s.State, StateRunning)
	}
}

func (c NodeChanged) subject() string { return nodeSubject + c.Node.ID }
func (c NodeChanged) addTo(e *Event)  { e.Nodes = append(e.Nodes, c.Node) }
func (c NodeChanged) bytes() int      { return c.Node.Bytes() }

// Noticed is a new notice.
type Noticed struct{ Notice Notice }

func (c Noticed) apply(*Search) {}
func (c Noticed) subject() string {
	return fmt.Sprintf("notice %v %v", c.Notice.Time.UnixNano(), c.Notice.Text)
}
func (c Noticed) addTo(e *Event) { e.Notices = append(e.Notices, c.Notice) }
func (c Noticed) bytes() int     { return noticeSize + len(c.Notice.Text) }

// Billed is the bill of all costs so far.
type Billed struct{ Bill reasoning.Bill }

func (c Billed) apply(s *Search) { s.Bill = c.Bill }
func (c Billed) subject() string { return "" }
func (c Billed) addTo(*Event)    {}
func (c Billed) bytes() int      { return 0 }

// Ended is the last change of every search.
type Ended struct {
	State   State // one that has ended
	Outcome Outcome
}

func (c Ended) apply(s *Search) { s.State, s.Outcome = c.State, &c.Outcome }
func (c Ended) subject() string { return "outcome" }
func (c Ended) addTo(e *Event)  { e.Outcome = &c.Outcome }
func (c Ended) bytes() int      { return c.Outcome.bytes() }
