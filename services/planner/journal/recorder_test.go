package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/journal"
)

// A slowLog is a Log whose Appends take time, and fail as a test wants.
type slowLog struct {
	journal.Log
	before func(n int) error // called before the n-th Append, from 1
	calls  atomic.Int32
	busy   atomic.Bool
	t      *testing.T
}

func (l *slowLog) Append(ctx context.Context, entries ...journal.Entry) error {
	if l.busy.Swap(true) {
		l.t.Error("two Appends are in flight")
	}
	defer l.busy.Store(false)
	failure := l.before(int(l.calls.Add(1)))
	if err := l.Log.Append(ctx, entries...); err != nil { // the log keeps the entries of an Append that fails
		return err
	}
	return failure
}

// record runs body with a Recorder in a bubble, and returns the entries of the log.
func record(t *testing.T, before func(n int) error, report func(error), body func(t *testing.T, r *journal.Recorder, l *slowLog)) (texts []string, records int) {
	synctest.Test(t, func(t *testing.T) {
		j, key := journal.NewMemory("planner"), journal.KeyOf("t", "01")
		inner, _, err := j.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		l := &slowLog{Log: inner, before: before, t: t}
		r := journal.NewRecorder(l, report)
		body(t, r, l)
		r.Close(t.Context())
		_, rs, err := j.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		records = len(rs)
		for _, r := range rs {
			for _, e := range r.Entries {
				texts = append(texts, string(e.Body))
			}
		}
	})
	return texts, records
}

func text(format string, args ...any) journal.Entry {
	return journal.Entry{Kind: "test", Body: fmt.Appendf(nil, format, args...)}
}

func noReport(t *testing.T) func(error) {
	return func(err error) { t.Errorf("reported: %v", err) }
}

// Entries are in the log in the order in which they were added, whatever the journal's speed; a slower
// journal gets fewer records.
func TestRecorderKeepsTheOrderAndNeverDelays(t *testing.T) {
	last := 1 << 30
	for _, latency := range []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second} {
		var want []string
		got, records := record(t, func(int) error { time.Sleep(latency); return nil }, noReport(t), func(t *testing.T, r *journal.Recorder, _ *slowLog) {
			for i := range 500 {
				began := time.Now()
				r.Add(text("%d", i))
				if took := time.Since(began); took != 0 {
					t.Errorf("Add took %v", took)
				}
				want = append(want, fmt.Sprint(i))
				time.Sleep(10 * time.Millisecond)
			}
		})
		if !slices.Equal(got, want) {
			t.Errorf("latency %v: got %d entries, want 500 in order", latency, len(got))
		}
		if most := int(5*time.Second/max(50*time.Millisecond, latency)) + 2; records > most || records > last {
			t.Errorf("latency %v: got %d records, want at most %d", latency, records, min(most, last))
		}
		last = records
	}
}

// Flush does not wait for the next interval, and returns when all that was added before is durable.
func TestFlushReturnsWhenAllIsDurable(t *testing.T) {
	got, _ := record(t, func(int) error { time.Sleep(3 * time.Millisecond); return nil }, noReport(t), func(t *testing.T, r *journal.Recorder, l *slowLog) {
		began := time.Now()
		for i := range 10 {
			r.Add(text("%d", i))
			if err := r.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			if n := int(l.calls.Load()); n < i+1 {
				t.Errorf("after Flush %d: %d Appends", i, n)
			}
		}
		if took := time.Since(began); took != 30*time.Millisecond {
			t.Errorf("ten flushes of 3ms took %v", took)
		}
	})
	if len(got) != 10 {
		t.Errorf("got %d entries, want 10", len(got))
	}
}

// A journal that cannot be reached, or is full, is waited for; each entry is written once.
func TestRecorderWaitsForTheJournal(t *testing.T) {
	for _, reason := range []error{reasoning.ErrUnavailable, journal.ErrFull} {
		reports := 0
		got, _ := record(t,
			func(n int) error {
				if n < 20 {
					return fmt.Errorf("attempt %d: %w", n, reason)
				}
				return nil
			},
			func(err error) {
				if !errors.Is(err, reason) {
					t.Errorf("reported %v, want %v", err, reason)
				}
				reports++
			},
			func(t *testing.T, r *journal.Recorder, _ *slowLog) {
				r.Add(text("a"))
				time.Sleep(time.Second)
				r.Add(text("b"))
				if err := r.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			})
		if !slices.Equal(got, []string{"a", "b"}) || reports != 19 {
			t.Errorf("%v: got entries %q and %d reports, want a, b and 19", reason, got, reports)
		}
	}
}

// After a takeover nothing more is written, and Flush returns the reason.
func TestAFencedRecorderStops(t *testing.T) {
	reports := 0
	record(t,
		func(n int) error {
			if n > 1 {
				return journal.ErrFenced
			}
			return nil
		},
		func(err error) { reports++ },
		func(t *testing.T, r *journal.Recorder, l *slowLog) {
			for i := range 5 {
				r.Add(text("%d", i))
				if err := r.Flush(t.Context()); i > 0 && !errors.Is(err, journal.ErrFenced) || i == 0 && err != nil {
					t.Errorf("Flush %d: got %v", i, err)
				}
			}
			if n := l.calls.Load(); n != 2 || reports != 1 {
				t.Errorf("got %d Appends and %d reports, want 2 and 1", n, reports)
			}
		})
}

// A Flush or a Close ends with its context while the journal does not answer.
func TestCloseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := journal.NewRecorder(stuckLog{}, func(error) {})
		r.Add(text("a"))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := r.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
	})
}

// A stuckLog is a Log that does not answer.
type stuckLog struct{}

func (stuckLog) Append(ctx context.Context, _ ...journal.Entry) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// Whenever Flush returned nil, all entries that were added before are in the log.
func TestWhatWasFlushedIsInTheLog(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			j, key := journal.NewMemory("planner"), journal.KeyOf("t", "01")
			inner, _, err := j.Open(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			journalRandom := rand.New(rand.NewPCG(seed, 1))
			l := &slowLog{Log: inner, t: t, before: func(int) error {
				time.Sleep(time.Duration(journalRandom.IntN(80)) * time.Millisecond)
				if journalRandom.IntN(4) == 0 {
					return reasoning.ErrUnavailable
				}
				return nil
			}}
			r := journal.NewRecorder(l, func(error) {})
			added := 0
			for range 30 {
				for range random.IntN(5) {
					r.Add(text("%d", added))
					added++
				}
				time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
				if random.IntN(3) > 0 {
					continue
				}
				if err := r.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				_, rs, err := j.Open(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for _, r := range rs {
					for _, e := range r.Entries {
						if string(e.Body) != fmt.Sprint(n) {
							t.Fatalf("seed %d: entry %d is %s", seed, n, e.Body)
						}
						n++
					}
				}
				if n != added {
					t.Fatalf("seed %d: %d entries in the log after Flush, want %d", seed, n, added)
				}
			}
			if err := r.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
