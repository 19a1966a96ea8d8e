package plannertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

// Contiguous checks that events cover the sequence numbers above after up to last, each once, and
// that only the last event is terminal. After 0, the first event may begin with any number.
func Contiguous(t *testing.T, after int64, events []planner.Event, last int64) {
	t.Helper()
	next := after + 1
	for i, e := range events {
		if i == 0 && after == 0 {
			next = e.First
		}
		if e.First != next || e.Sequence < e.First {
			t.Errorf("after %d: event %d is %d to %d, want it to begin with %d", after, i, e.First, e.Sequence, next)
		}
		next = e.Sequence + 1
		if isLast := i == len(events)-1; e.State.Ended() != isLast || (e.Outcome != nil) != isLast {
			t.Errorf("after %d: event %d of %d has state %v and outcome %v", after, i, len(events), e.State, e.Outcome)
		}
	}
	if next != last+1 {
		t.Errorf("after %d: the events end with %d, want %d", after, next-1, last)
	}
}

// Tree returns the nodes of the tree that events describe, by id.
func Tree(events []planner.Event) map[string]planner.Node {
	tree := map[string]planner.Node{}
	for _, e := range events {
		if e.Snapshot {
			clear(tree)
		}
		for _, n := range e.Nodes {
			tree[n.ID] = n
		}
	}
	return tree
}

// SameTree checks that a tree is the one that Nodes lists.
func SameTree(t *testing.T, s planner.Solver, ref planner.Ref, got map[string]planner.Node) {
	t.Helper()
	want := map[string]planner.Node{}
	for _, n := range allNodes(t, s, planner.NodesRequest{Ref: ref}) {
		want[n.ID] = n
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tree: watched -, listed +\n%s", diff)
	}
}

func watchEverywhere(t *testing.T, s planner.Solver) {
	ref, end := ended(t, s, beam(8))
	all := watched(t, s, ref, 0)
	Contiguous(t, 0, all, end.Sequence)
	SameTree(t, s, ref, Tree(all))
	first := all[0].First
	for after := first; after < end.Sequence; after++ {
		Contiguous(t, after, watched(t, s, ref, after), end.Sequence)
	}
	if events := watched(t, s, ref, end.Sequence); len(events) > 0 {
		t.Errorf("after the last event: got %v, want no events", events)
	}
	if last := all[len(all)-1]; !last.Time.Equal(end.Ended) {
		t.Errorf("the last event has time %v, want the end of the search, %v", last.Time, end.Ended)
	}
}

// Watchers begin at different times, each after the search's number at that time, and read at
// different speeds.
func watchLive(t *testing.T, s planner.Solver) {
	ref := created(t, s, beam(8))
	type watch struct {
		after  int64
		events []planner.Event
	}
	const watchers = 30
	done := make(chan watch)
	for i := range watchers {
		go func() {
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			w := watch{after: get(t, s, ref).Sequence}
			for e, err := range s.Watch(t.Context(), ref, w.after) {
				if err != nil {
					t.Error(err)
				}
				w.events = append(w.events, e)
				time.Sleep(time.Duration(i%4) * 300 * time.Millisecond)
			}
			done <- w
		}()
	}
	var all []watch
	for range watchers {
		all = append(all, <-done)
	}
	last := get(t, s, ref).Sequence
	for _, w := range all {
		if w.after < last {
			Contiguous(t, w.after, w.events, last)
		}
	}
}

// A reader that pauses for two seconds gets fewer events, and the whole tree.
func watchSlowly(t *testing.T, s planner.Solver) {
	ref := created(t, s, beam(64))
	var events []planner.Event
	for e, err := range s.Watch(t.Context(), ref, 0) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		time.Sleep(2 * time.Second)
	}
	end := get(t, s, ref)
	Contiguous(t, 0, events, end.Sequence)
	SameTree(t, s, ref, Tree(events))
}

func watchCancelled(t *testing.T, s planner.Solver) {
	ref := created(t, s, beam(8))
	ctx, stop := context.WithCancelCause(t.Context())
	left := errors.New("left")
	time.AfterFunc(1500*time.Millisecond, func() { stop(left) })
	var last error
	began := time.Now()
	for e, err := range s.Watch(ctx, ref, 0) {
		if last != nil {
			t.Errorf("got event %v after the error %v", e, last)
		}
		last = err
	}
	if !errors.Is(last, left) || time.Since(began) != 1500*time.Millisecond {
		t.Errorf("ended with %v after %v, want the context's cause", last, time.Since(began))
	}
	if got, err := s.Wait(t.Context(), ref, time.Hour); err != nil || got.State != planner.StateSucceeded {
		t.Errorf("without a watcher the search is %v, error %v", got.State, err)
	}
}

func watchTooFar(t *testing.T, s planner.Solver) {
	ref, end := ended(t, s, beam(4))
	for _, after := range []int64{-1, end.Sequence + 1, 1 << 60} {
		for _, err := range s.Watch(t.Context(), ref, after) {
			refused(t, "watch", err, reasoning.ErrInvalid, "after_sequence")
		}
	}
}

// The events of an ended search that is larger than clients accept in one message have at most
// MaxEventBytes each.
func watchLarge(t *testing.T, s planner.Solver) {
	ref, end := ended(t, s, Large(700)) // 5.6 MB: more than 4 MiB
	events := watched(t, s, ref, 0)
	Contiguous(t, 0, events, end.Sequence)
	SameTree(t, s, ref, Tree(events))
	Bounded(t, events)
}

// A reader that pauses for two seconds, in which more changes than clients accept in one message,
// gets events of at most MaxEventBytes.
func watchLargeSlowly(t *testing.T, s planner.Solver) {
	ref := created(t, s, Large(1000)) // 1.6 MB in two seconds
	var events []planner.Event
	for e, err := range s.Watch(t.Context(), ref, 0) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		time.Sleep(2 * time.Second)
	}
	Contiguous(t, 0, events, get(t, s, ref).Sequence)
	SameTree(t, s, ref, Tree(events))
	Bounded(t, events)
}

// Bounded checks that no event has more text than MaxEventBytes.
func Bounded(t *testing.T, events []planner.Event) {
	t.Helper()
	if len(events) < 2 {
		t.Errorf("%d events, want several", len(events))
	}
	for i, e := range events {
		size := 0
		for _, n := range e.Nodes {
			for _, step := range n.Steps {
				size += len(step.Text)
			}
		}
		if size > planner.MaxEventBytes {
			t.Errorf("event %d has %d bytes of text, want at most %d", i, size, planner.MaxEventBytes)
		}
	}
}
