package planner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An awayJournal is a Journal that takes some Appends, and then none until it is back.
type awayJournal struct {
	journal.Journal
	takes atomic.Int32  // Appends that it takes before
	back  chan struct{} // closed when it is back
	full  bool          // it refuses records meanwhile; otherwise they wait
	loses bool          // acknowledgements are lost meanwhile: records arrive
}

func away(j journal.Journal, takes int32) *awayJournal {
	a := &awayJournal{Journal: j, back: make(chan struct{})}
	a.takes.Store(takes)
	return a
}

func (j *awayJournal) Open(ctx context.Context, key journal.Key) (journal.Log, []journal.Record, error) {
	l, records, err := j.Journal.Open(ctx, key)
	return &awayLog{Log: l, journal: j}, records, err
}

type awayLog struct {
	journal.Log
	journal *awayJournal
	waiting []journal.Entry
}

func (l *awayLog) Append(ctx context.Context, entries ...journal.Entry) error {
	l.waiting = append(l.waiting, entries...)
	select {
	case <-l.journal.back:
	default:
		switch {
		case l.journal.takes.Add(-1) >= 0:
		case l.journal.full:
			return journal.ErrFull
		case l.journal.loses:
			if err := l.Log.Append(ctx, l.waiting...); err != nil {
				return err
			}
			l.waiting = nil
			<-ctx.Done()
			return context.Cause(ctx)
		default:
			select {
			case <-l.journal.back:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	entries, l.waiting = l.waiting, nil
	return l.Log.Append(ctx, entries...)
}

// A planner that learns only at the end of a search that another one has resumed it does not end it.
func TestASearchThatIsTakenOverAtItsEndDoesNotEndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		j := away(disk, 1)
		first := resumed(t, lockConfigWith(1, j))
		defer first.Close()
		ref := Ref{ID: mustCreate(t, first, Request{Problem: "31415", Strategy: search.Greedy{}, Deadline: time.Now().Add(time.Hour)})}
		time.Sleep(time.Minute) // its end waits for the journal
		next := resumed(t, lockConfigWith(2, disk))
		defer next.Close()
		close(j.back)
		for e, err := range first.Watch(t.Context(), ref, 0) {
			if e.Outcome != nil || err != nil && !errors.Is(err, errTakenOver) {
				t.Errorf("the earlier planner: got outcome %+v and error %v, want errTakenOver", e.Outcome, err)
			}
		}
		if got := awaitResult(t, next, ref); got.State != StateSucceeded {
			t.Errorf("the later planner: got %v", got.State)
		}
	})
}

// A planner that stops does not wait for the deadlines of searches whose ends wait for the journal:
// the next planner ends them. A watcher hears meanwhile that the search waits.
func TestAPlannerStopsWhileEndsWaitForTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		first := resumed(t, lockConfigWith(1, away(disk, 1)))
		ref := Ref{ID: mustCreate(t, first, Request{Problem: "31415", Strategy: search.Greedy{}, Deadline: time.Now().Add(time.Hour)})}
		var notices []NoticeKind
		left := make(chan error)
		go func() {
			for e, err := range first.Watch(t.Context(), ref, 0) {
				if err != nil {
					left <- err
					return
				}
				for _, n := range e.Notices {
					notices = append(notices, n.Kind)
				}
			}
			left <- nil
		}()
		time.Sleep(time.Minute)
		began := time.Now()
		go first.Close()
		if err := <-left; !errors.Is(err, ErrClosed) {
			t.Errorf("Watch of a planner that stopped: got %v, want ErrClosed", err)
		}
		if took := time.Since(began); took > 2*endTimeout {
			t.Errorf("the planner stopped after %v, want at most %v", took, 2*endTimeout)
		}
		if !slices.Equal(notices, []NoticeKind{NoticeWaiting}) {
			t.Errorf("got notices %v, want one that the search waits", notices)
		}
		first.Close()
		next := resumed(t, lockConfigWith(2, disk))
		defer next.Close()
		if got := awaitResult(t, next, ref); got.State != StateSucceeded {
			t.Errorf("the next planner: got %v", got.State)
		}
	})
}

// A search is resumed from a journal that is full, and ends when the journal has space again.
func TestASearchIsResumedFromAFullJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		first := resumed(t, lockConfigWith(1, disk))
		ref := Ref{ID: mustCreate(t, first, Request{Problem: "31415", Strategy: search.BestOfN{N: 8}})}
		first.Close()
		j := away(disk, 0)
		j.full = true
		next := resumed(t, lockConfigWith(2, j))
		defer next.Close()
		time.Sleep(time.Minute)
		if s, err := next.Get(t.Context(), ref); err != nil || s.State.Ended() {
			t.Errorf("while the journal is full: got state %v and error %v, want a live search", s.State, err)
		}
		close(j.back)
		if got := awaitResult(t, next, ref); got.State != StateSucceeded {
			t.Errorf("got %v", got.State)
		}
	})
}

// A refusal by a full journal has a label of its own.
func TestAFullJournalRefusesSearches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := away(journal.NewMemory("planner"), 0)
		j.full = true
		c := lockConfigWith(1, j)
		providers := telemetrytest.Setup(t, telemetry.Options{})
		c.Telemetry = providers.Instruments
		p := resumed(t, c)
		_, err := p.Create(t.Context(), Request{Problem: "31415", Strategy: search.Greedy{}})
		p.Close()
		metrics, _ := telemetrytest.Finish(t, providers)
		if !errors.Is(err, journal.ErrFull) || !strings.Contains(metrics, `ponder_searches_refused_total{reason="journal_full"} 1.0`) {
			t.Errorf("got error %v, want ErrFull, counted by its reason", err)
		}
	})
}

// A search that is refused because its record is not acknowledged is not run by the next planner.
func TestARefusedSearchIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		j := away(disk, 0)
		j.loses = true
		first := resumed(t, lockConfigWith(1, j))
		if _, err := first.Create(t.Context(), Request{Problem: "31415", Strategy: search.Greedy{}}); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("Create: got %v, want ErrUnavailable", err)
		}
		time.Sleep(time.Minute)
		first.Close()
		next := resumed(t, lockConfigWith(2, disk))
		defer next.Close()
		if page, err := next.List(t.Context(), ListRequest{}); err != nil || len(page.Items) > 0 {
			t.Errorf("the next planner has %d searches, error %v, want none", len(page.Items), err)
		}
	})
}

// Searches that are billed as if each ran alone are not in a journal, not even those that are there.
func TestSoloBillsLeaveTheJournalAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		first := resumed(t, lockConfigWith(1, disk))
		mustCreate(t, first, Request{Problem: "31415", Strategy: search.BestOfN{N: 8}, Budget: backend.Budget{PolicyTokens: 500}})
		time.Sleep(2 * time.Second)
		first.Close()
		c := lockConfigWith(2, disk)
		c.Solo = true
		next := resumed(t, c)
		defer next.Close()
		if s := mustCreate(t, next, greedy("31415")); s == "" {
			t.Error("no search")
		}
		if page, err := next.List(t.Context(), ListRequest{}); err != nil || len(page.Items) != 1 || page.Items[0].Stored {
			t.Errorf("got %d searches and error %v, want one that is not stored", len(page.Items), err)
		}
	})
}
