package planner

import (
	"container/list"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

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
	Snapshot        bool      // the events from here on tell all there is: a client drops what it had
	Time            time.Time // of the last change
	State           State
	Nodes           []Node // that changed, in the order of their last change
	Bill            reasoning.Bill
	Estimate        *difficulty.Estimate // if it changed
	Plan            *Plan                // if it was made
	Notices         []Notice             // that were given
	Outcome         *Outcome             // if the search ended
}

// A Search is a search as it stands.
type Search struct {
	ID       string
	Request  Request // with its defaults filled in, the deadline too
	State    State
	Created  time.Time
	Ended    time.Time // zero while it is live
	Epoch    int64     // of its sequence numbers
	Sequence int64     // of its last change
	Bill     reasoning.Bill
	Plan     *Plan    // nil before there is one
	Outcome  *Outcome // nil before the end
	Nodes    int      // in its tree
	Stored   bool     // it outlives its planner
}

// A Notice tells clients of a search what a person should know.
type Notice struct {
	Kind NoticeKind
	Text string
	Time time.Time
}

// A NoticeKind sorts notices by what a client may do about them.
type NoticeKind int

const (
	NoticeQueued   NoticeKind = iota + 1 // the search waits for a worker
	NoticeWaiting                        // the search waits for a service that is down
	NoticeRetrying                       // a part of the search failed and is tried again
	NoticeDegraded                       // the search goes on in a lesser way than asked
)

func (k NoticeKind) String() string {
	names := []string{"unknown", "queued", "waiting", "retrying", "degraded"}
	if k < 0 || int(k) >= len(names) {
		return names[0]
	}
	return names[k]
}

// MaxEventBytes is the most bytes of an Event and of a Page.
const MaxEventBytes = 1 << 20

// live is a search that clients can follow. Each change has a number, and each thing
// remembers the number of its last change: so any event is "what changed since", no
// log of changes is kept, and a client can go on from any number.
type live struct {
	id      string
	request Request
	digest  string // of the request
	created time.Time
	ended   time.Time
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
	notices  []numbered[Notice]
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
		Answer: n.Answer, Value: n.Value, Scored: n.Scored, Reason: n.Reason,
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

func (l *live) notice(kind NoticeKind, format string, args ...any) {
	l.change(func(sequence int64) {
		l.notices = append(l.notices, numbered[Notice]{Notice{kind, fmt.Sprintf(format, args...), time.Now()}, sequence})
	})
}

// status is the search as it stands.
func (l *live) status() Search {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Search{
		ID: l.id, Request: l.request, State: l.state, Created: l.created, Ended: l.ended, Epoch: 1, Sequence: l.sequence, Bill: l.bill(),
		Plan: l.plan.value, Outcome: l.outcome.value, Nodes: len(l.nodes),
	}
}

// wait blocks until the search has ended.
func (l *live) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		ended, changed := l.state.Ended(), l.changed
		l.mu.Unlock()
		if ended {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
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
