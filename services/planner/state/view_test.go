package state

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A follower reads the events of a View after a sequence number.
type follower struct {
	after int64
	limit int // bytes of an event
	seen  []Event
	errs  []error // of events, found when they were read
}

// read reads one event, as a watcher does, and reports whether another event follows.
func (f *follower) read(v *View) bool {
	event, more := v.Since(f.next()-1, f.limit)
	if event.Sequence >= f.next() {
		f.check(v, event, more)
		f.seen = append(f.seen, event)
	}
	return more
}

func (f *follower) next() int64 {
	if len(f.seen) == 0 {
		return f.after + 1
	}
	return f.seen[len(f.seen)-1].Sequence + 1
}

// check records an error unless an event has the latest state of the nodes whose latest change
// is in its range, and no other nodes, and is not too large.
func (f *follower) check(v *View, e Event, more bool) {
	want := map[string]Node{}
	bytes, items, last := eventSize, 0, time.Time{}
	for _, c := range v.changes {
		if v.superseded(c) || c.sequence < e.First || c.sequence > e.Sequence {
			continue
		}
		bytes, items, last = bytes+c.bytes(), items+1, c.time
		if n, ok := c.Change.(NodeChanged); ok {
			want[n.Node.ID] = n.Node
		}
	}
	got := map[string]Node{}
	for _, n := range e.Nodes {
		got[n.ID] = n
	}
	if !more {
		last = v.time
	}
	switch {
	case !cmp.Equal(got, want) || len(e.Nodes) != len(want):
		f.errs = append(f.errs, fmt.Errorf("event %d to %d: nodes got -, want +\n%s", e.First, e.Sequence, cmp.Diff(got, want)))
	case bytes > f.limit && items > 1:
		f.errs = append(f.errs, fmt.Errorf("event %d to %d: %d changes of %d bytes, want at most %d", e.First, e.Sequence, items, bytes, f.limit))
	case !e.Time.Equal(last):
		f.errs = append(f.errs, fmt.Errorf("event %d to %d: time %v, want that of the last change, %v", e.First, e.Sequence, e.Time, last))
	case more != (e.Sequence < v.search.Sequence):
		f.errs = append(f.errs, fmt.Errorf("event %d to %d of %d: more is %v", e.First, e.Sequence, v.search.Sequence, more))
	}
}

// verdict returns an error if the events that a follower read do not describe the ended search.
func (f *follower) verdict(v *View) error {
	if len(f.errs) > 0 {
		return f.errs[0]
	}
	start := v.search.Epoch * EpochSize
	next, state := max(f.after, start)+1, State(0)
	tree := map[string]Node{}
	var notices []Notice
	for i, e := range f.seen {
		switch {
		case e.First != next || e.Sequence < next:
			return fmt.Errorf("event %d has changes %d to %d, want from %d", i, e.First, e.Sequence, next)
		case e.Snapshot != (i == 0 && f.after < start):
			return fmt.Errorf("event %d of those after %d, epoch begins above %d: snapshot is %v", i, f.after, start, e.Snapshot)
		case (e.Outcome != nil) != (i == len(f.seen)-1) || e.State.Ended() != (e.Outcome != nil):
			return fmt.Errorf("event %d of %d has state %v and outcome %v", i, len(f.seen), e.State, e.Outcome)
		case e.State < state:
			return fmt.Errorf("event %d: state %v after %v", i, e.State, state)
		}
		if e.Snapshot {
			clear(tree)
		}
		for _, n := range e.Nodes {
			tree[n.ID] = n
		}
		notices = append(notices, e.Notices...)
		next, state = e.Sequence+1, e.State
	}
	if next != v.search.Sequence+1 {
		return fmt.Errorf("events end before %d, want %d", next, v.search.Sequence+1)
	}
	if f.after > start { // earlier changes are in no event that f read
		return nil
	}
	if got := slices.SortedFunc(maps.Values(tree), func(a, b Node) int { return CompareNodes(a.ID, b.ID) }); !cmp.Equal(got, v.Nodes("", 0)) {
		return fmt.Errorf("tree of the events -, of the search +\n%s", cmp.Diff(got, v.Nodes("", 0)))
	}
	for i, n := range notices {
		if n.Text != fmt.Sprint(i) {
			return fmt.Errorf("notice %d is %q", i, n.Text)
		}
	}
	return nil
}

// at returns the time at which the tests apply the next change: it depends only on the number of
// the last change.
func at(v *View) time.Time { return time.Unix(v.search.Sequence%EpochSize, 0).UTC() }

func node(id string, state search.State, text string) NodeChanged {
	return NodeChanged{Node{ID: id, State: state, Steps: []reasoning.Step{{Text: text}}}}
}

var succeeded = Ended{State: StateSucceeded, Outcome: Outcome{Answer: "1"}}

// In every epoch, for every order of changes and reads, a watcher reads events of bounded size
// that cover each sequence number once and in order, with the latest state of each node, and an
// outcome in the last event only.
func TestWatchersMissNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := NewView(rapid.Int64Range(1, 3).Draw(t, "epoch"))
		const limit = eventSize + 1024
		start := v.search.Sequence
		v.Apply(Accepted{ID: "s"}, at(v))
		followers := []*follower{{limit: limit}}
		notices, ended := 0, false
		apply := func(t *rapid.T, c Change) {
			if ended {
				t.Skip("a search that has ended does not change")
			}
			v.Apply(c, at(v))
		}
		t.Repeat(map[string]func(*rapid.T){
			"node": func(t *rapid.T) {
				text := fmt.Sprintf("%*d", rapid.IntRange(1, 700).Draw(t, "bytes"), v.search.Sequence)
				state := search.State(rapid.IntRange(int(search.StateQueued), int(search.StateFailed)).Draw(t, "state"))
				apply(t, node(fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id")), state, text))
			},
			"bill": func(t *rapid.T) {
				apply(t, Billed{reasoning.Bill{Policy: reasoning.Usage{Generated: v.search.Sequence}}})
			},
			"plan": func(t *rapid.T) { apply(t, Planned{Plan{Reason: fmt.Sprint(v.search.Sequence)}}) },
			"notice": func(t *rapid.T) {
				apply(t, Noticed{Notice{Text: fmt.Sprint(notices)}})
				notices++
			},
			"end": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "end") > 0 {
					t.Skip("a search ends rarely, so that it has many changes before")
				}
				apply(t, succeeded)
				ended = true
			},
			"new follower": func(t *rapid.T) {
				after := rapid.Int64Range(start, v.search.Sequence)
				if rapid.Bool().Draw(t, "with a number of an earlier epoch") {
					after = rapid.Int64Range(0, start-1)
				}
				followers = append(followers, &follower{after: after.Draw(t, "after"), limit: limit})
			},
			"read": func(t *rapid.T) { rapid.SampledFrom(followers).Draw(t, "follower").read(v) },
		})
		if !ended {
			v.Apply(succeeded, at(v))
		}
		for _, f := range append(followers, &follower{limit: limit}) {
			for f.read(v) {
			}
			if f.next() <= start { // its number is of an earlier epoch, and it has read nothing
				f.read(v)
			}
			if err := f.verdict(v); err != nil && len(f.seen) > 0 {
				t.Fatalf("after %d: %v", f.after, err)
			}
		}
	})
}

// The negative control: a follower finds an event that is repeated or missing, an old state of a
// node, an early outcome, a snapshot that is not marked, and an event that is too large.
func TestFollowerFindsErrors(t *testing.T) {
	v := NewView(2)
	v.Apply(Accepted{ID: "s"}, at(v))
	f := &follower{limit: MaxEventBytes}
	for state := search.StateQueued; state <= search.StateScored; state++ {
		v.Apply(node("0", state, ""), at(v))
		f.read(v)
	}
	v.Apply(succeeded, at(v))
	f.read(v)
	if err := f.verdict(v); err != nil {
		t.Fatal(err)
	}
	stale, early, unmarked := f.seen[2], f.seen[1], f.seen[0]
	stale.Nodes, early.Outcome, unmarked.Snapshot = f.seen[1].Nodes, &Outcome{}, false
	for name, seen := range map[string][]Event{
		"twice":    {f.seen[0], f.seen[0], f.seen[1], f.seen[2], f.seen[3]},
		"lost":     {f.seen[0], f.seen[2], f.seen[3]},
		"cut":      {f.seen[0], f.seen[1], f.seen[2]},
		"stale":    {f.seen[0], f.seen[1], stale, f.seen[3]},
		"early":    {f.seen[0], early, f.seen[2], f.seen[3]},
		"unmarked": {unmarked, f.seen[1], f.seen[2], f.seen[3]},
	} {
		if err := (&follower{seen: seen}).verdict(v); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
	large := &follower{limit: eventSize}
	large.check(v, Event{First: 1, Sequence: v.search.Sequence, Nodes: v.Nodes("", 0), Time: v.time}, false)
	if len(large.errs) == 0 {
		t.Error("an event that is too large: not found")
	}
}

// Changes that are too large for one event are in several, of which only the last has the outcome.
func TestLargeChangesAreSeveralEvents(t *testing.T) {
	v := NewView(1)
	v.Apply(Accepted{ID: "s"}, at(v))
	text := fmt.Sprintf("%8000d", 1)
	for i := range 1000 {
		v.Apply(node(fmt.Sprint(i), search.StateScored, text), at(v))
	}
	v.Apply(succeeded, at(v))
	f := &follower{limit: MaxEventBytes}
	for f.read(v) {
	}
	if err := f.verdict(v); err != nil {
		t.Fatal(err)
	}
	if len(f.seen) < 8 || len(f.seen) > 10 {
		t.Errorf("%d events for 8 MB, want 8 to 10", len(f.seen))
	}
}

// The size of a View is bounded by the number of subjects, not of changes.
func TestViewKeepsNoLog(t *testing.T) {
	v := NewView(1)
	v.Apply(Accepted{ID: "s"}, at(v))
	for i := range 10_000 {
		v.Apply(node(fmt.Sprint(i%10), search.StateScored, ""), at(v))
		v.Apply(Billed{}, at(v))
	}
	if len(v.changes) > 30 {
		t.Errorf("%d changes are kept for 10 nodes", len(v.changes))
	}
}

// Each change sets the fields of the Search that belong to it.
func TestApply(t *testing.T) {
	v := NewView(1)
	want := Search{Epoch: 1, Sequence: EpochSize}
	for i, step := range []struct {
		change Change
		want   func(*Search)
	}{
		{Accepted{ID: "s", Request: Request{Problem: "p"}}, func(s *Search) {
			s.ID, s.Request.Problem, s.State, s.Created = "s", "p", StateQueued, at(v)
		}},
		{node("0", search.StateQueued, ""), func(s *Search) { s.Nodes = 1 }},
		{node("0", search.StateRunning, ""), func(s *Search) { s.State = StateRunning }},
		{node("1", search.StateQueued, ""), func(s *Search) { s.Nodes = 2 }},
		{Planned{Plan{Reason: "r"}}, func(s *Search) { s.Plan = &Plan{Reason: "r"} }},
		{Billed{reasoning.Bill{Policy: reasoning.Usage{Generated: 7}}}, func(s *Search) { s.Bill.Policy.Generated = 7 }},
		{Ended{State: StateCancelled}, func(s *Search) { s.State, s.Ended, s.Outcome = StateCancelled, at(v), &Outcome{} }},
	} {
		step.want(&want)
		want.Sequence++
		v.Apply(step.change, at(v))
		if diff := cmp.Diff(v.Search(), want); diff != "" {
			t.Errorf("after change %d: got -, want +\n%s", i, diff)
		}
	}
}
