package tracefile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A Timeline is when the parts of one search happened.
type Timeline struct {
	Search Search `json:"search"`
	Rows   []Row  `json:"rows"` // parents before children, siblings by their start
}

// A Row is one span of a search. Spans of transport between services have no row; of
// the queue's spans the time of waiting is kept.
type Row struct {
	Name     string        `json:"name"`
	Node     string        `json:"node,omitempty"`
	Indent   int           `json:"indent"`   // depth in the tree of rows
	Start    time.Duration `json:"start_ns"` // after the search's
	Duration time.Duration `json:"duration_ns"`
	Wait     time.Duration `json:"wait_ns,omitempty"` // in a queue, before Start
	Failed   string        `json:"failed,omitempty"`
}

// ReadTimeline reads the timeline of one search of a summary from the same file. It
// holds the spans of the search's trace.
func ReadTimeline(r io.Reader, search Search) (*Timeline, error) {
	spans := map[string]*Span{}
	if _, err := Read(r, func(s *Span) {
		if s.Trace == search.Trace {
			spans[s.ID] = s
		}
	}); err != nil {
		return nil, fmt.Errorf("read trace file: %w", err)
	}
	f := forest{search: search, spans: spans, children: map[string][]*Span{}}
	for _, s := range spans {
		if f.shown(s) {
			parent := f.parent(s)
			f.children[parent] = append(f.children[parent], s)
		}
	}
	t := &Timeline{Search: search}
	f.rows("", 0, &t.Rows)
	return t, nil
}

// A forest holds the spans of one trace, and which of them are shown below which.
type forest struct {
	search   Search
	spans    map[string]*Span
	children map[string][]*Span // by the id of the parent that is shown; "" has the roots
}

func (f *forest) shown(s *Span) bool {
	if s.search() != f.search.ID {
		return false
	}
	switch s.Name {
	case names.SpanSearch, names.SpanEstimate, names.SpanGenerate, names.SpanScore:
		return true
	}
	return strings.HasPrefix(s.Name, names.SpanDepthPrefix)
}

// parent returns the id of the nearest ancestor that is shown, or "".
func (f *forest) parent(s *Span) string {
	if a := f.ancestor(s, f.shown); a != nil {
		return a.ID
	}
	return ""
}

// ancestor returns the nearest ancestor that matches, or nil. It ends also for a file
// in which a span is its own ancestor.
func (f *forest) ancestor(s *Span, matches func(*Span) bool) *Span {
	seen := 0
	for a := f.spans[s.Parent]; a != nil && seen < len(f.spans); a = f.spans[a.Parent] {
		if matches(a) {
			return a
		}
		seen++
	}
	return nil
}

// rows appends the rows below a parent.
func (f *forest) rows(parent string, indent int, rows *[]Row) {
	children := f.children[parent]
	slices.SortFunc(children, func(a, b *Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	for _, s := range children {
		row := Row{
			Name: s.Name, Node: s.text(names.NodeID), Indent: indent,
			Start: time.Unix(0, s.Start).Sub(f.search.Start), Duration: s.Duration(),
		}
		if s.Status == "error" {
			row.Failed = cmp.Or(s.Message, "error")
		}
		if s.Name == names.SpanGenerate {
			waited := func(a *Span) bool { _, ok := a.wait(); return ok || f.shown(a) }
			if job := f.ancestor(s, waited); job != nil && !f.shown(job) {
				row.Wait, _ = job.wait()
			}
		}
		*rows = append(*rows, row)
		f.rows(s.ID, indent+1, rows)
	}
}

// Write draws the timeline with lines of width columns, 40 to 1000, and about most rows:
// of the rows below a depth it keeps those that took longest.
func (t *Timeline) Write(w io.Writer, width, most int) error {
	width = min(max(width, 40), 1000)
	var out strings.Builder
	s := t.Search
	fmt.Fprintf(&out, "%s  %s  %s  %s\n", plain(s.ID), plain(cmp.Or(s.Strategy, "-")), plain(s.State), short(s.Duration))
	rows, hidden := t.slowest(most)
	labels, widest := make([]string, len(rows)), 0
	for i, r := range rows {
		labels[i] = strings.Repeat("  ", min(r.Indent, maxLabel/2)) + plain(strings.TrimSpace(r.Name+" "+r.Node))
		widest = max(widest, min(utf8.RuneCountInString(labels[i]), maxLabel))
	}
	scale := scale{total: s.Duration, cells: width - widest - 10}
	for i, r := range rows {
		label := []rune(labels[i])
		if len(label) > widest {
			label = append(label[:widest-1], '…')
		}
		line := fmt.Sprintf("%s  %6s  %s", pad(string(label), widest), short(r.Duration), scale.bar(r))
		if r.Failed != "" {
			line += " " + plain(r.Failed)
		}
		fmt.Fprintln(&out, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(&out, "░ in the queue  █ at work  ─ from the first to the last of what is below")
	if hidden > 0 {
		fmt.Fprintf(&out, "%d shorter rows are not shown\n", hidden)
	}
	if s.Elided > 0 {
		fmt.Fprintf(&out, "%d calls left no spans: the search's span budget was spent\n", s.Elided)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

const maxLabel = 28

// slowest returns the rows that have rows below them, and of the others the longest.
func (t *Timeline) slowest(most int) (rows []Row, hidden int) {
	var leaves []int
	for i, r := range t.Rows {
		if i+1 == len(t.Rows) || t.Rows[i+1].Indent <= r.Indent {
			leaves = append(leaves, i)
		}
	}
	slices.SortStableFunc(leaves, func(a, b int) int { return cmp.Compare(t.Rows[b].Duration, t.Rows[a].Duration) })
	keep := max(most-(len(t.Rows)-len(leaves)), 0)
	hide := map[int]bool{}
	for _, i := range leaves[min(keep, len(leaves)):] {
		hide[i] = true
	}
	for i, r := range t.Rows {
		if !hide[i] {
			rows = append(rows, r)
		}
	}
	return rows, len(hide)
}

// A scale maps time to columns.
type scale struct {
	total time.Duration
	cells int
}

func (s scale) at(d time.Duration) int {
	return int(float64(min(max(d, 0), s.total)) / float64(max(s.total, 1)) * float64(s.cells))
}

// bar draws a row: waiting ░, work █, and ─ for a row that only contains others.
func (s scale) bar(r Row) string {
	wait, start, end := s.at(r.Start-r.Wait), s.at(r.Start), s.at(r.Start+r.Duration)
	if end <= start {
		start = min(start, s.cells-1)
		end = start + 1
	}
	wait = min(wait, start)
	fill := "█"
	if r.Name == names.SpanSearch || strings.HasPrefix(r.Name, names.SpanDepthPrefix) {
		fill = "─"
	}
	return strings.Repeat(" ", wait) + strings.Repeat("░", start-wait) + strings.Repeat(fill, end-start)
}
