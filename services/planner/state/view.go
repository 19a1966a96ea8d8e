package state

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// A View is what clients see of one search: the search as it stands, and the latest
// change of each subject with its number. So an event is what changed since a number,
// no log of events is kept, and a client can go on from any number.
//
// A View is not safe for concurrent use.
type View struct {
	search Search
	time   time.Time        // of the latest change
	latest map[string]int64 // number of the latest change of each subject
	told   []numbered       // in the order of their numbers; those that are not the latest of their subject are passed over
	stale  int              // how many of told these are
	limit  int              // bytes of an event
	became map[State]int64  // number of the change after which the search was in a state
}

// numbered is a Change with its number and time.
type numbered struct {
	Change
	sequence int64
	time     time.Time
}

// EpochSize is how many numbers an epoch has. Numbers of an epoch begin above
// epoch × EpochSize.
const EpochSize = 1 << 32

// NewView returns the View of a search to which nothing has happened yet, with the
// numbers of an epoch, which is at least 1.
func NewView(epoch int64) *View {
	return &View{
		search: Search{Epoch: epoch, Sequence: epoch * EpochSize}, latest: map[string]int64{}, became: map[State]int64{}, limit: MaxEventBytes,
	}
}

// Apply makes the next change.
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
	v.told = append(v.told, numbered{c, s.Sequence, now})
	if v.stale > len(v.told)/2 {
		v.told, v.stale = slices.DeleteFunc(v.told, v.superseded), 0
	}
}

// superseded reports whether a later change of the same subject was made.
func (v *View) superseded(c numbered) bool { return v.latest[c.subject()] != c.sequence }

// Search returns the search as it stands.
func (v *View) Search() Search { return v.search }

// Since returns an event that tells what changed after a number, and more if the event
// has less than all of it, as it would be larger than MaxEventBytes. After a number of
// an earlier epoch, the event is the first of a snapshot.
//
// If nothing changed, the event's Sequence is not above after.
func (v *View) Since(after int64) (e Event, more bool) {
	if start := v.search.Epoch * EpochSize; after < start {
		after, e.Snapshot = start, true
	}
	e.Search, e.First, e.Sequence, e.Time, e.Bill = v.search.ID, after+1, v.search.Sequence, v.time, v.search.Bill
	first := sort.Search(len(v.told), func(i int) bool { return v.told[i].sequence > after })
	size := eventSize
	last := numbered{sequence: after}
	for _, c := range v.told[first:] {
		if v.superseded(c) {
			continue
		}
		if size += c.bytes(); size > v.limit && last.Change != nil {
			e.Sequence, e.Time, more = last.sequence, last.time, true
			break
		}
		c.tell(&e)
		last = c
	}
	e.State = v.stateAfter(e.Sequence)
	return e, more
}

// stateAfter returns the state of the search after the change with a number.
func (v *View) stateAfter(sequence int64) State {
	state := StateQueued
	for s, at := range v.became {
		if at <= sequence {
			state = max(state, s)
		}
	}
	return state
}

// HasNode reports whether the tree has a node with this id. It always has the root.
func (v *View) HasNode(id string) bool { return id == "" || v.latest[nodeSubject+id] != 0 }

// Nodes returns the nodes below a parent and of a depth, parents before children and
// siblings by ordinal. Everything is below "", and a depth of 0 is any.
func (v *View) Nodes(parent string, depth int) []Node {
	var nodes []Node
	for _, c := range v.told {
		n, ok := c.Change.(NodeChanged)
		if ok && !v.superseded(c) && (depth == 0 || n.Node.Depth == depth) && below(n.Node.ID, parent) {
			nodes = append(nodes, n.Node)
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return CompareNodes(a.ID, b.ID) })
	return nodes
}
