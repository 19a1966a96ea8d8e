package planner

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A follower is a watcher that reads an event when it is told to.
type follower struct {
	after int64
	seen  []Event
}

// read takes what is new, as watch does when its client is ready.
func (f *follower) read(l *live) {
	event, _ := l.since(f.next()-1, time.Time{})
	if event.Sequence >= f.next() {
		f.seen = append(f.seen, event)
	}
}

func (f *follower) next() int64 {
	if len(f.seen) == 0 {
		return f.after + 1
	}
	return f.seen[len(f.seen)-1].Sequence + 1
}

// Whatever changes when, and whenever watchers read: each sees every change once and
// in order, each node's last state, and one outcome, at the end.
func TestWatchersMissNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLive("s", Request{}, time.Time{}, func(error) {})
		root := &search.Node{}
		var followers []*follower
		var told []string             // notices
		changed := map[int64]string{} // node, by the number of the change
		ended := false
		change := func(t *rapid.T) {
			if ended {
				t.Skip("a search that has ended does not change")
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"node": func(t *rapid.T) {
				change(t)
				l.observe(&search.Node{
					ID: fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id")), Parent: root, Depth: 1,
					State: search.State(rapid.IntRange(int(search.StateQueued), int(search.StateFailed)).Draw(t, "state")),
				})
				changed[l.sequence] = l.recent.Back().Value.(numbered[Node]).value.ID
			},
			"notice": func(t *rapid.T) {
				change(t)
				told = append(told, fmt.Sprint(len(told)))
				l.notice(NoticeWaiting, "%s", told[len(told)-1])
			},
			"end": func(t *rapid.T) {
				change(t)
				if rapid.IntRange(0, 9).Draw(t, "end") > 0 {
					t.Skip("searches end rarely, so that there is something to watch")
				}
				ended = true
				l.change(func(sequence int64) { l.state, l.outcome = StateSucceeded, numbered[*Outcome]{&Outcome{}, sequence} })
			},
			"come": func(t *rapid.T) {
				followers = append(followers, &follower{after: rapid.Int64Range(0, l.sequence).Draw(t, "after")})
			},
			"read": func(t *rapid.T) {
				if len(followers) > 0 {
					rapid.SampledFrom(followers).Draw(t, "who").read(l)
				}
			},
		})
		if !ended {
			l.change(func(sequence int64) { l.state, l.outcome = StateSucceeded, numbered[*Outcome]{&Outcome{}, sequence} })
		}
		followers = append(followers, &follower{})
		for _, f := range followers {
			f.read(l)
			if err := f.check(l, told, changed); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// check compares what a follower has seen with what there is.
func (f *follower) check(l *live, told []string, changed map[int64]string) error {
	next, nodes := f.after+1, map[string]Node{}
	var notices []string
	for i, e := range f.seen {
		if e.First != next || e.Sequence < next {
			return fmt.Errorf("after %d: event %d tells %d to %d, want from %d", f.after, i, e.First, e.Sequence, next)
		}
		if (e.Outcome != nil) != (i == len(f.seen)-1) || e.State.Ended() != (e.Outcome != nil) {
			return fmt.Errorf("after %d: event %d of %d has state %v and outcome %v", f.after, i, len(f.seen), e.State, e.Outcome)
		}
		want := map[string]bool{}
		for sequence := e.First; sequence <= e.Sequence; sequence++ {
			if id, ok := changed[sequence]; ok {
				want[id] = true
			}
		}
		for _, n := range e.Nodes {
			nodes[n.ID] = n
			if !want[n.ID] {
				return fmt.Errorf("after %d: event %d tells node %s, which did not change or comes twice", f.after, i, n.ID)
			}
			delete(want, n.ID)
		}
		if len(want) > 0 {
			return fmt.Errorf("after %d: event %d does not tell nodes %v", f.after, i, want)
		}
		for _, n := range e.Notices {
			notices = append(notices, n.Text)
		}
		next = e.Sequence + 1
	}
	if next != l.sequence+1 {
		return fmt.Errorf("after %d: events end before %d, want %d", f.after, next, l.sequence+1)
	}
	for id, e := range l.nodes {
		n := e.Value.(numbered[Node])
		if diff := cmp.Diff(nodes[id], n.value); n.sequence > f.after && diff != "" {
			return fmt.Errorf("after %d: node %s seen -, is +\n%s", f.after, id, diff)
		}
	}
	if f.after <= 1 { // nothing but the beginning was seen before
		if diff := cmp.Diff(notices, told); diff != "" {
			return fmt.Errorf("notices seen -, told +\n%s", diff)
		}
	}
	return nil
}

// The check sees an event that comes twice, one that is lost, and a stale node.
func TestFollowerSees(t *testing.T) {
	l := newLive("s", Request{}, time.Time{}, func(error) {})
	f, changed := &follower{}, map[int64]string{}
	for state := search.StateQueued; state <= search.StateScored; state++ {
		l.observe(&search.Node{ID: "0", Parent: &search.Node{}, State: state})
		f.read(l)
		changed[l.sequence] = "0"
	}
	l.change(func(sequence int64) { l.state, l.outcome = StateSucceeded, numbered[*Outcome]{&Outcome{}, sequence} })
	f.read(l)
	if err := f.check(l, nil, changed); err != nil {
		t.Fatal(err)
	}
	stale := f.seen[2]
	stale.Nodes = f.seen[1].Nodes
	for name, seen := range map[string][]Event{
		"twice": {f.seen[0], f.seen[0], f.seen[1], f.seen[2], f.seen[3]},
		"lost":  {f.seen[0], f.seen[2], f.seen[3]},
		"cut":   {f.seen[0], f.seen[1], f.seen[2]},
		"stale": {f.seen[0], f.seen[1], stale, f.seen[3]},
	} {
		if err := (&follower{seen: seen}).check(l, nil, changed); err == nil {
			t.Errorf("%s: not seen", name)
		}
	}
}

// A watcher gets what changed while it slept as one event, and the end ends it.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive("s", Request{}, time.Now(), func(error) {})
		go func() {
			for range 10 {
				time.Sleep(time.Second)
				l.notice(NoticeWaiting, "tick")
			}
			l.change(func(sequence int64) { l.state, l.outcome = StateFailed, numbered[*Outcome]{&Outcome{}, sequence} })
		}()
		var notices []int
		for e, err := range l.watch(t.Context(), 0, time.Now) {
			if err != nil {
				t.Fatal(err)
			}
			notices = append(notices, len(e.Notices))
			time.Sleep(3300 * time.Millisecond) // never when something changes
		}
		if want := []int{0, 3, 3, 3, 1}; !cmp.Equal(notices, want) {
			t.Errorf("events with %v notices, want %v", notices, want)
		}
	})
}

// A watcher that leaves says why, and a search without changes keeps it waiting.
func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive("s", Request{}, time.Now(), func(error) {})
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		var got error
		for _, err := range l.watch(ctx, 0, time.Now) {
			got = err
		}
		if !errors.Is(got, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's", got)
		}
	})
}

func TestBillIsThatOfTheMoment(t *testing.T) {
	l := newLive("s", Request{}, time.Time{}, func(error) {})
	spent := int64(7)
	l.change(func(int64) {
		l.bill = func() reasoning.Bill { return reasoning.Bill{Policy: reasoning.Usage{Generated: spent}} }
	})
	spent = 8
	if got := l.status().Bill.Policy.Generated; got != 8 {
		t.Errorf("bill of %d, want 8", got)
	}
}
