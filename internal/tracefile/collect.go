package tracefile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A searchKey identifies a search: two runs may have searches of the same id, and a client's
// trace may have many searches.
type searchKey struct{ trace, id string }

func keyOf(s *Span) searchKey { return searchKey{s.Trace, s.search()} }

// Limits of what a collector holds, so that its memory does not grow with the files. They are variables for tests.
var (
	maxSearches = 1 << 16 // searches; the spans of later ones are in the table only
	maxPending  = 1 << 20 // durations of depth 1 that may be those of an estimate; later ones count as depth 1
)

// maxDepth is the first depth that shares its row of the table with all deeper ones.
const maxDepth = 256

// A collector builds a Summary from spans in any order.
type collector struct {
	searches map[searchKey]*Search
	depths   map[int]*Depth
	all      Depth
	pending  int // durations in Search.first of all searches
	unlisted int // spans of searches beyond maxSearches
}

// A stage of the work on a depth.
type stage int

const (
	queued stage = iota
	generated
	scored
	waited // at the barrier
)

// A duration is one measurement.
type duration struct {
	stage  stage
	took   time.Duration
	middle int64 // when, in nanoseconds since 1970
}

func (c *collector) add(s *Span, key searchKey) {
	search := c.searches[key]
	start, end := time.Unix(0, s.Start).UTC(), time.Unix(0, max(s.Start, s.End)).UTC()
	switch {
	case search != nil:
	case len(c.searches) < maxSearches:
		search = &Search{ID: cut(key.id), Trace: cut(key.trace), State: "unfinished", Start: start, end: end}
		c.searches[searchKey{search.Trace, search.ID}] = search
	default:
		c.unlisted++
		search = &Search{} // of this span only
	}
	search.Spans++
	switch s.Operation() {
	case names.SpanSearch:
		search.Strategy, search.State = cut(s.text(names.Strategy)), cut(s.text(names.State))
		if n, ok := s.number(names.CallsElided); ok {
			search.Elided = int(n)
		}
		search.Start, search.end, search.whole = start, end, true
	case names.SpanEstimate:
		search.estimated = max(search.estimated, s.End)
	}
	if !search.whole { // its own span comes last
		search.Start, search.end = earlier(search.Start, start), later(search.end, end)
	}
	n, ok := s.number(names.Depth)
	if !ok {
		return
	}
	search.Depths = max(search.Depths, int(n))
	depth := min(int(n), maxDepth)
	d := duration{took: s.Duration(), middle: s.Start/2 + s.End/2}
	if wait, ok := s.wait(); ok {
		c.measure(search, depth, duration{queued, wait, d.middle})
	}
	switch s.Operation() {
	case names.SpanGenerate:
		d.stage = generated
	case names.SpanScore:
		d.stage = scored
	case names.SpanDepth:
		d.stage = waited
		if width, ok := s.number(names.Width); ok {
			c.at(depth).Width += int(width)
			c.all.Width += int(width)
		}
	default:
		return
	}
	c.measure(search, depth, d)
}

// measure adds a duration to its depth. It keeps those of depth 1 apart: samples of a probe
// have depth 1, too, and end before the estimate, whose span may be anywhere in the file.
// summary separates them.
func (c *collector) measure(search *Search, depth int, d duration) {
	if depth == 1 && d.stage != waited && c.pending < maxPending && search.ID != "" {
		search.first = append(search.first, d)
		c.pending++
		return
	}
	c.at(depth).add(d)
	c.all.add(d)
}

// probeDepth is the key of the probe's samples, before the first depth.
const probeDepth = -1

func (c *collector) at(depth int) *Depth {
	d := c.depths[depth]
	if d == nil {
		d = &Depth{Name: fmt.Sprint(depth)}
		switch depth {
		case probeDepth:
			d.Name = "probe"
		case maxDepth:
			d.Name += "+"
		}
		c.depths[depth] = d
	}
	return d
}

func (d *Depth) stages() [4]*Quantity {
	return [...]*Quantity{queued: &d.Queue, generated: &d.Generate, scored: &d.Score, waited: &d.Barrier}
}

func (d *Depth) add(one duration) { d.stages()[one.stage].add(one.took) }

func (c *collector) summary(tally Tally) *Summary {
	s := &Summary{Tally: tally, Unlisted: c.unlisted}
	for _, key := range slices.SortedFunc(maps.Keys(c.searches), func(a, b searchKey) int {
		return cmp.Or(cmp.Compare(a.trace, b.trace), cmp.Compare(a.id, b.id))
	}) {
		search := c.searches[key]
		for _, d := range search.first {
			depth := 1
			if d.middle < search.estimated {
				depth = probeDepth
			}
			c.at(depth).add(d)
			c.all.add(d)
		}
		search.Duration, search.first = search.end.Sub(search.Start), nil
		s.Searches = append(s.Searches, *search)
	}
	slices.SortFunc(s.Searches, func(a, b Search) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Trace, b.Trace))
	})
	for _, depth := range slices.Sorted(maps.Keys(c.depths)) {
		s.Depths = append(s.Depths, c.depths[depth].finish())
	}
	s.All = c.all.finish()
	return s
}

func (d *Depth) finish() Depth {
	for _, q := range d.stages() {
		q.finish()
	}
	return *d
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
