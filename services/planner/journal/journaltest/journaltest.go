// Package journaltest has the conformance tests of journal.Journal.
package journaltest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/services/planner/journal"
)

// Run tests a journal that is empty.
func Run(t *testing.T, j journal.Journal) {
	t.Run("records are read as they were appended", func(t *testing.T) { testRead(t, j) })
	t.Run("of two planners one is fenced", func(t *testing.T) { testFence(t, j) })
	t.Run("large Appends are several records", func(t *testing.T) { testLarge(t, j) })
	t.Run("an entry that is too large changes nothing", func(t *testing.T) { testTooLarge(t, j) })
	t.Run("logs are listed by tenant, and deleted whole", func(t *testing.T) { testList(t, j) })
	t.Run("a log equals what its writers were told", func(t *testing.T) { testModel(t, j) })
}

// entry returns an entry with a text.
func entry(text string) journal.Entry { return journal.Entry{Kind: "test", Body: []byte(text)} }

// open opens a log.
func open(t testing.TB, j journal.Journal, key journal.Key) (journal.Log, []journal.Record) {
	t.Helper()
	l, records, err := j.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open %v: %v", key, err)
	}
	return l, records
}

// appendAll appends entries to a log.
func appendAll(t testing.TB, l journal.Log, entries ...journal.Entry) {
	t.Helper()
	if err := l.Append(t.Context(), entries...); err != nil {
		t.Fatalf("Append: %v", err)
	}
}

// texts returns the bodies of all entries of records, and checks the numbers of the records.
func texts(t testing.TB, records []journal.Record) (all []string) {
	t.Helper()
	for i, r := range records {
		if r.Number != int64(i+1) || r.Writer == "" || r.Time.IsZero() {
			t.Errorf("record %d: got number %d, writer %q, time %v", i, r.Number, r.Writer, r.Time)
		}
		for _, e := range r.Entries {
			all = append(all, string(e.Body))
		}
	}
	return all
}

func testRead(t *testing.T, j journal.Journal) {
	key := journal.KeyOf("tenant with spaces, *, > and .", "01READ")
	l, records := open(t, j, key)
	if len(records) != 0 {
		t.Fatalf("a search without a log has records: %v", records)
	}
	appendAll(t, l) // no entries: no record
	want := []journal.Entry{entry("a"), entry(""), {Kind: "bytes", Body: []byte{0, 0xff, '\n'}}}
	appendAll(t, l, want...)
	appendAll(t, l, entry("b"))
	_, records = open(t, j, key)
	if len(records) != 2 {
		t.Fatalf("got %d records, want 2", len(records))
	}
	if diff := cmp.Diff(append(slices.Clone(want), entry("b")), slices.Concat(records[0].Entries, records[1].Entries),
		cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("entries differ (-want +got):\n%s", diff)
	}
	texts(t, records)
}

func testFence(t *testing.T, j journal.Journal) {
	key := journal.KeyOf("t", "01FENCE")
	first, _ := open(t, j, key)
	second, _ := open(t, j, key)
	appendAll(t, first, entry("first"))
	for range 2 { // it stays fenced
		if err := second.Append(t.Context(), entry("second")); !errors.Is(err, journal.ErrFenced) {
			t.Fatalf("Append after another planner: got %v, want ErrFenced", err)
		}
	}
	appendAll(t, first, entry("again"))
	third, records := open(t, j, key)
	if got := texts(t, records); !slices.Equal(got, []string{"first", "again"}) {
		t.Errorf("got entries %q", got)
	}
	appendAll(t, third, entry("third"))
	if err := first.Append(t.Context(), entry("late")); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("Append of the first planner after a takeover: got %v, want ErrFenced", err)
	}
}

func testLarge(t *testing.T, j journal.Journal) {
	key := journal.KeyOf("t", "01LARGE")
	l, _ := open(t, j, key)
	var want []string
	var entries []journal.Entry
	for i := range 7 {
		text := strings.Repeat(fmt.Sprint(i), journal.MaxEntry/(1+i%3))
		want, entries = append(want, text), append(entries, entry(text))
	}
	appendAll(t, l, entries...)
	_, records := open(t, j, key)
	if got := texts(t, records); !slices.Equal(got, want) {
		t.Errorf("got %d entries that differ from the %d appended", len(got), len(want))
	}
}

func testTooLarge(t *testing.T, j journal.Journal) {
	key := journal.KeyOf("t", "01TOOLARGE")
	l, _ := open(t, j, key)
	large := journal.Entry{Kind: "test", Body: bytes.Repeat([]byte("x"), journal.MaxEntry+1)}
	if err := l.Append(t.Context(), entry("small"), large); !errors.Is(err, journal.ErrTooLarge) {
		t.Fatalf("got %v, want ErrTooLarge", err)
	}
	appendAll(t, l, entry("next"))
	_, records := open(t, j, key)
	if got := texts(t, records); !slices.Equal(got, []string{"next"}) {
		t.Errorf("got entries %q", got)
	}
}

func testList(t *testing.T, j journal.Journal) {
	a, b, c := journal.KeyOf("list a", "01"), journal.KeyOf("list a", "02"), journal.KeyOf("list b", "03")
	for _, key := range []journal.Key{c, b, a} {
		l, _ := open(t, j, key)
		appendAll(t, l, entry("x"), entry("y"))
		appendAll(t, l, entry("z"))
	}
	list := func(tenant journal.Tenant) []journal.Key {
		keys, err := j.List(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	if diff := cmp.Diff([]journal.Key{a, b}, list(a.Tenant)); diff != "" {
		t.Errorf("logs of a tenant (-want +got):\n%s", diff)
	}
	if all := list(""); !slices.IsSortedFunc(all, journal.CompareKeys) || !slices.Contains(all, c) || !slices.Contains(all, a) {
		t.Errorf("all logs: got %v", all)
	}
	old, _ := open(t, j, a)
	for range 2 {
		if err := j.Delete(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]journal.Key{b}, list(a.Tenant)); diff != "" {
		t.Errorf("after Delete (-want +got):\n%s", diff)
	}
	if _, records := open(t, j, a); len(records) != 0 {
		t.Errorf("a deleted log has %d records", len(records))
	}
	if err := old.Append(t.Context(), entry("late")); !errors.Is(err, journal.ErrLost) {
		t.Errorf("Append to a deleted log: got %v, want ErrLost", err)
	}
}

// testModel appends by several Logs at random. What each was told must be what is in the log.
func testModel(t *testing.T, j journal.Journal) {
	searches := 0
	rapid.Check(t, func(rt *rapid.T) {
		searches++
		key := journal.KeyOf("model", fmt.Sprintf("01MODEL%d", searches))
		type planner struct {
			log  journal.Log
			seen int // records of the log after which it appends
		}
		var want []string
		var planners []*planner
		records := 0
		rt.Repeat(map[string]func(*rapid.T){
			"open": func(rt *rapid.T) {
				l, rs := open(t, j, key)
				if got := texts(t, rs); !slices.Equal(got, want) {
					rt.Fatalf("got entries %q, want %q", got, want)
				}
				planners = append(planners, &planner{l, records})
			},
			"append": func(rt *rapid.T) {
				if len(planners) == 0 {
					rt.Skip("no planner yet")
				}
				p := rapid.SampledFrom(planners).Draw(rt, "planner")
				texts := rapid.SliceOfN(rapid.StringN(0, 8, 32), 1, 3).Draw(rt, "entries")
				var entries []journal.Entry
				for _, s := range texts {
					entries = append(entries, entry(s))
				}
				err := p.log.Append(t.Context(), entries...)
				switch {
				case p.seen != records && !errors.Is(err, journal.ErrFenced):
					rt.Fatalf("a planner that has seen %d of %d records: got %v, want ErrFenced", p.seen, records, err)
				case p.seen == records && err != nil:
					rt.Fatalf("Append: %v", err)
				case p.seen == records:
					records, want = records+1, append(want, texts...)
					p.seen++
				}
			},
		})
	})
}
