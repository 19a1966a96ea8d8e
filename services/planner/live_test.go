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

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// accepted returns a search without changes other than Accepted.
func accepted() *live {
	return newLive("s", Request{}.WithDefaults(reasoning.Sampling{}), 1, time.Now(), context.Background(), func(error) {})
}

func notice(text string) state.Change {
	return state.Noticed{Notice: Notice{Text: text, Time: time.Now()}}
}

// A watcher that did not read for a while gets all changes since then as one event, and its
// sequence ends with the search.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := accepted()
		go func() {
			for range 10 {
				time.Sleep(time.Second)
				l.publish(notice("tick"))
			}
			l.publish(state.Ended{State: StateFailed})
		}()
		var notices []int
		for e, err := range l.watch(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			notices = append(notices, len(e.Notices))
			time.Sleep(3300 * time.Millisecond) // wakes between two ticks
		}
		if want := []int{0, 3, 3, 3, 1}; !cmp.Equal(notices, want) {
			t.Errorf("events with %v notices, want %v", notices, want)
		}
	})
}

// A watcher that is far behind gets all changes without waiting, in events of bounded size.
func TestWatchInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := accepted()
		const nodes, size = 100, MaxEventBytes / 10
		text := fmt.Sprintf("%*d", size, 1)
		for i := range nodes {
			l.publish(state.NodeChanged{Node: Node{ID: fmt.Sprint(i), State: search.StateFailed, Reason: text}})
		}
		l.publish(state.Ended{State: StateFailed})
		began, seen, events := time.Now(), 0, 0
		for e, err := range l.watch(t.Context(), 0) {
			if err != nil || len(e.Nodes)*size > MaxEventBytes {
				t.Errorf("event with %d nodes and error %v, want at most %d bytes", len(e.Nodes), err, MaxEventBytes)
			}
			seen, events = seen+len(e.Nodes), events+1
		}
		if seen != nodes || events < nodes*size/MaxEventBytes || time.Since(began) != 0 {
			t.Errorf("%d nodes in %d events after %v, want %d at once", seen, events, time.Since(began), nodes)
		}
	})
}

// A watcher waits while a search does not change, and gets the error of its context when
// the context ends.
func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := accepted()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		var got error
		for _, err := range l.watch(ctx, 0) {
			got = err
		}
		if !errors.Is(got, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's", got)
		}
	})
}
