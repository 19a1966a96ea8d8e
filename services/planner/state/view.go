package state

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// A View holds the current state of one search, and the latest change of each subject (a node,
// the plan, the estimate …) with its number. From these it makes the event of all changes after any number, so that there
// is no log of events and a client can continue after any number.
//
// A View is not safe for concurrent use.
type View struct {
	search  Search
	time    time.Time        // of the latest change
	latest  map[string]int64 // number of the latest change of each subject
	changes []numbered       // by number; after Apply at most half of them are superseded
	stale   int              // number of superseded changes in changes
	became  map[State]int64  // number of the change that brought the search into a state
}

// A numbered is a Change with its number and time.
type numbered struct {
	Change
	sequence int64
	time     time.Time
}

// EpochSize is how many sequence numbers an epoch has. Those of epoch e begin at
// e × EpochSize + 1.
const EpochSize = 1 << 32

// NewView returns the View of a search without changes, whose sequence numbers are those of an
// epoch. Epochs begin at 1.
func NewView(epoch int64) *View {
	return &View{
		search: Search{Epoch: epoch, Sequence: epoch * EpochSize},
		latest: map[string]int64{}, became: map[State]int64{},
	}
}

// Apply applies the next change. The first is Accepted, the last Ended; now is not earlier than
// before.
func (v *View) Apply(c Change, now time.Time) {
	s, before := &v.search, v.search.State
	s.Sequence++
	v.time = now
	c.apply(s)
	if s.State != before {
		v.became[s.State] = s.Sequence
		if before == 0 {
			s.Created = now
		}
		if s.State.Ended() {
			s.Ended = now
		}
	}
	subject := c.subject()
	if subject == "" {
		return
	}
	switch {
	case v.latest[subject] != 0:
		v.stale++
	case strings.HasPrefix(subject, nodeSubject):
		s.Nodes++
	}
	v.latest[subject] = s.Sequence
	v.changes = append(v.changes, numbered{c, s.Sequence, now})
	if v.stale > len(v.changes)/2 {
		v.changes, v.stale = slices.DeleteFunc(v.changes, v.superseded), 0
	}
}

// superseded reports whether a later change of the same subject was made.
func (v *View) superseded(c numbered) bool { return v.latest[c.subject()] != c.sequence }

// Search returns the current state of the search.
func (v *View) Search() Search { return v.search }

// Since returns an event of the changes after a number. If they have more than limit bytes, the
// event has only the first of them, at least one, and more is true; its Bill is the latest all
// the same. After 0, or a number of an earlier epoch, the event is the first of a snapshot. If
// nothing has changed, the event's Sequence is not above after.
func (v *View) Since(after int64, limit int) (e Event, more bool) {
	if start := v.search.Epoch * EpochSize; after < start {
		after, e.Snapshot = start, true
	}
	e.Search, e.First, e.Sequence, e.Time, e.Bill = v.search.ID, after+1, v.search.Sequence, v.time, v.search.Bill
	first := sort.Search(len(v.changes), func(i int) bool { return v.changes[i].sequence > after })
	size := eventSize
	last := numbered{sequence: after}
	for _, c := range v.changes[first:] {
		if v.superseded(c) {
			continue
		}
		if size += c.bytes(); size > limit && last.Change != nil {
			e.Sequence, e.Time, more = last.sequence, last.time, true
			break
		}
		c.addTo(&e)
		last = c
	}
	e.State = v.stateAfter(e.Sequence)
	return e, more
}

// stateAfter returns the state of the search after the change with a number. A search passes
// through its states in the order of their constants.
func (v *View) stateAfter(sequence int64) State {
	state := StateQueued
	for s, at := range v.became {
		if at <= sequence {
			state = max(state, s)
		}
	}
	return state
}

// HasNode reports whether the tree has a node with this id. It always has the root, "".
func (v *View) HasNode(id string) bool { return id == "" || v.latest[nodeSubject+id] != 0 }

// Nodes returns the nodes below a parent and at a depth, parents before children and
// siblings by ordinal. A parent of "" is the root, a depth of 0 any depth.
func (v *View) Nodes(parent string, depth int) []Node {
	var nodes []Node
	for _, c := range v.changes {
		n, ok := c.Change.(NodeChanged)
		if ok && !v.superseded(c) && (depth == 0 || n.Node.Depth == depth) && below(n.Node.ID, parent) {
			nodes = append(nodes, n.Node)
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return CompareNodes(a.ID, b.ID) })
	return nodes
}
