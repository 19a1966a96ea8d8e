package planner

import (
	"container/list"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A State is how far a search has come.
type State int

const (
	StateQueued    State = iota + 1 // accepted; no worker has taken any of its jobs yet
	StateRunning                    // under way
	StateSucceeded                  // ended with an answer, perhaps a partial one
	StateFailed                     // ended without an answer
	StateCancelled                  // by a client
)

// Ended says whether nothing more will change.
func (s State) Ended() bool { return s >= StateSucceeded }

func (s State) String() string {
	names := []string{"unknown", "queued", "running", "succeeded", "failed", "cancelled"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

// A Node is a node of a search's tree as clients see it. It does not change.
type Node struct {
	ID, Parent string
	Depth      int
	State      search.State
	Steps      []reasoning.Step
	Finish     reasoning.Finish
	Value      float64
	Scored     bool
	Answer     string
	Reason     string
}

// An Event tells everything that changed from change First to change Sequence. A
// watcher that falls behind gets fewer and larger events, never a gap.
type Event struct {
	Search          string
	First, Sequence int64
	Time            time.Time
	State           State
	Nodes           []Node // that changed, in the order of their last change
	Bill            reasoning.Bill
	Estimate        *difficulty.Estimate // if it changed
	Plan            *Plan                // if it was made
	Notices         []string             // what a person should know
	Outcome         *Outcome             // if the search ended
}

// A Status is a search as it stands.
type Status struct {
	ID       string
	Request  Request
	State    State
	Created  time.Time
	Sequence int64
	Bill     reasoning.Bill
	Plan     *Plan
	Outcome  *Outcome
	Nodes    int
}

// live is a search that clients can follow. Each change has a number, and each thing
// remembers the number of its last change: so any event is "what changed since", no
// log of changes is kept, and a client can go on from any number.
type live struct {
	id      string
	request Request
	created time.Time
	cancel  context.CancelCauseFunc

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each change
	sequence int64
	state    State
	bill     func() reasoning.Bill
	nodes    map[string]*list.Element // of numbered[Node]
	recent   *list.List               // the same, by last change
	estimate numbered[*difficulty.Estimate]
	plan     numbered[*Plan]
	notices  []numbered[string]
	outcome  numbered[*Outcome]
}

// numbered is a thing with the number of its last change.
type numbered[T any] struct {
	value    T
	sequence int64
}

func newLive(id string, r Request, now time.Time, cancel context.CancelCauseFunc) *live {
	return &live{
		id: id, request: r, created: now, cancel: cancel, changed: make(chan struct{}), sequence: 1, state: StateQueued,
		bill: func() reasoning.Bill { return reasoning.Bill{} }, nodes: map[string]*list.Element{}, recent: list.New(),
	}
}

// change makes one numbered change.
func (l *live) change(how func(sequence int64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sequence++
	how(l.sequence)
	close(l.changed)
	l.changed = make(chan struct{})
}

// observe is told of each change of a node.
func (l *live) observe(n *search.Node) {
	view := Node{
		ID: n.ID, Parent: n.Parent.ID, Depth: n.Depth, State: n.State, Steps: n.Steps, Finish: n.Finish,
		Value: n.Value, Scored: n.Scored, Reason: n.Reason,
	}
	if n.Done() {
		view.Answer, _ = answer.Extract(reasoning.Join(n.Path()))
	}
	l.change(func(sequence int64) {
		if l.state == StateQueued && n.State != search.StateQueued {
			l.state = StateRunning
		}
		if e := l.nodes[n.ID]; e != nil {
			l.recent.Remove(e)
		}
		l.nodes[n.ID] = l.recent.PushBack(numbered[Node]{view, sequence})
	})
}

func (l *live) notice(format string, args ...any) {
	l.change(func(sequence int64) {
		l.notices = append(l.notices, numbered[string]{fmt.Sprintf(format, args...), sequence})
	})
}

// status is the search as it stands.
func (l *live) status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Status{
		ID: l.id, Request: l.request, State: l.state, Created: l.created, Sequence: l.sequence, Bill: l.bill(),
		Plan: l.plan.value, Outcome: l.outcome.value, Nodes: len(l.nodes),
	}
}

// watch yields what changes after a number, until the search has ended.
func (l *live) watch(ctx context.Context, after int64, now func() time.Time) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, changed := l.since(after, now())
			if event.Sequence > after {
				after = event.Sequence
				if !yield(event, nil) {
					return
				}
			}
			if event.State.Ended() {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(Event{}, context.Cause(ctx))
				return
			}
		}
	}
}

// since is one event with everything after a number, and what is closed at the
// next change.
func (l *live) since(after int64, now time.Time) (Event, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := Event{Search: l.id, First: after + 1, Sequence: l.sequence, Time: now, State: l.state, Bill: l.bill()}
	for el := l.recent.Back(); el != nil; el = el.Prev() {
		n := el.Value.(numbered[Node])
		if n.sequence <= after {
			break
		}
		e.Nodes = append(e.Nodes, n.value)
	}
	slices.Reverse(e.Nodes)
	if l.estimate.sequence > after {
		e.Estimate = l.estimate.value
	}
	if l.plan.sequence > after {
		e.Plan = l.plan.value
	}
	for _, n := range l.notices {
		if n.sequence > after {
			e.Notices = append(e.Notices, n.value)
		}
	}
	if l.outcome.sequence > after {
		e.Outcome = l.outcome.value
	}
	return e, l.changed
}

// list is the nodes below a parent and at a depth ("" and 0 for all), parents
// before children and siblings in order.
func (l *live) list(parent string, depth int) []Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	var nodes []Node
	for _, e := range l.nodes {
		n := e.Value.(numbered[Node]).value
		if (depth == 0 || n.Depth == depth) && below(n.ID, parent) {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return CompareNodes(a.ID, b.ID) })
	return nodes
}
