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

// A Row is one span of a search that people look at. What carries it from service
// to service is left out, but for the time that it waited in a queue.
type Row struct {
	Name     string        `json:"name"`
	Node     string        `json:"node,omitempty"`
	Indent   int           `json:"indent"`   // how many rows are above it in the tree
	Start    time.Duration `json:"start_ns"` // after the search's
	Duration time.Duration `json:"duration_ns"`
	Wait     time.Duration `json:"wait_ns,omitempty"` // in a queue, until Start
	Failed   string        `json:"failed,omitempty"`
}

// ReadTimeline reads a file again for one search of its summary. It holds the
// search's trace.
func ReadTimeline(r io.Reader, search Search) (*Timeline, error) {
	spans := map[string]*Span{}
	if _, err := Read(r, func(s *Span) {
		if s.Trace == search.Trace {
			spans[s.ID] = s
		}
	}); err != nil {
		return nil, fmt.Errorf("read trace file: %w", err)
	}
	g := grove{search: search, spans: spans, kids: map[string][]*Span{}}
	for _, s := range spans {
		if g.shown(s) {
			parent := g.parent(s)
			g.kids[parent] = append(g.kids[parent], s)
		}
	}
	t := &Timeline{Search: search}
	g.rows("", 0, &t.Rows)
	return t, nil
}

// A grove is the spans of one trace, and which of them are shown below which.
type grove struct {
	search Search
	spans  map[string]*Span
	kids   map[string][]*Span // by the id of the parent that is shown; "" has the roots
}

func (g *grove) shown(s *Span) bool {
	if s.search() != g.search.ID {
		return false
	}
	switch s.Name {
	case names.SpanSearch, names.SpanEstimate, names.SpanGenerate, names.SpanScore:
		return true
	}
	return strings.HasPrefix(s.Name, names.SpanDepthPrefix)
}

// parent is the id of the nearest ancestor that is shown, or "".
func (g *grove) parent(s *Span) string {
	if a := g.above(s, g.shown); a != nil {
		return a.ID
	}
	return ""
}

// above is the nearest ancestor that is so, or nil. A file may say that a span is its own ancestor.
func (g *grove) above(s *Span, so func(*Span) bool) *Span {
	seen := 0
	for a := g.spans[s.Parent]; a != nil && seen < len(g.spans); a = g.spans[a.Parent] {
		if so(a) {
			return a
		}
		seen++
	}
	return nil
}

// rows appends what is below a parent.
func (g *grove) rows(parent string, indent int, rows *[]Row) {
	kids := g.kids[parent]
	slices.SortFunc(kids, func(a, b *Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	for _, s := range kids {
		row := Row{Name: s.Name, Node: s.text(names.NodeID), Indent: indent, Start: time.Unix(0, s.Start).Sub(g.search.Start), Duration: s.Duration()}
		if s.Status == "error" {
			row.Failed = cmp.Or(s.Message, "error")
		}
		if s.Name == names.SpanGenerate {
			if job := g.above(s, func(a *Span) bool { _, waited := a.wait(); return waited || g.shown(a) }); job != nil && !g.shown(job) {
				row.Wait, _ = job.wait()
			}
		}
		*rows = append(*rows, row)
		g.rows(s.ID, indent+1, rows)
	}
}

// Write draws the timeline in lines of width columns, 40 to 1000, and about most rows of
// them: of the rows below a depth the ones that took longest stay.
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

// slowest keeps the rows that others hang below, and of the others the longest.
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

// bar draws a row: where it waited ░, where work was done █, and what only contains
// other rows ─.
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
