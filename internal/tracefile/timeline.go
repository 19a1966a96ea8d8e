package tracefile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/internal/printable"
)

// A Timeline holds the times of the parts of one search.
type Timeline struct {
	Search Search `json:"search"`
	Rows   []Row  `json:"rows"` // parents before children, siblings by their start
}

// A Row is one span of a search. Spans of transport between services have no row, and those
// of the queue only give their children a Wait.
type Row struct {
	Name     string        `json:"name"`
	Node     string        `json:"node,omitempty"`
	Indent   int           `json:"indent"`   // depth in the tree of rows
	Start    time.Duration `json:"start_ns"` // after the search's
	Duration time.Duration `json:"duration_ns"`
	Wait     time.Duration `json:"wait_ns,omitempty"` // in a queue, before Start
	Failed   string        `json:"failed,omitempty"`
}

// timeline returns the timeline of the search.
func (f *forest) timeline() *Timeline {
	t := &Timeline{Search: f.search}
	f.rows("", 0, &t.Rows)
	return t
}

// Write draws the timeline with lines of width columns, 40 to 1000, and about most rows: it
// leaves out the shortest of the rows without children.
func (t *Timeline) Write(w io.Writer, width, most int) error {
	width = min(max(width, 40), 1000)
	var out strings.Builder
	s := t.Search
	fmt.Fprintf(&out, "%s  %s  %s  %s\n", printable.Text(s.ID), printable.Text(cmp.Or(s.Strategy, "-")), printable.Text(s.State), short(s.Duration))
	rows, hidden := t.slowest(most)
	labels, widest := make([]string, len(rows)), 0
	for i, r := range rows {
		labels[i] = strings.Repeat("  ", min(r.Indent, maxLabel/2)) + printable.Text(strings.TrimSpace(r.Name+" "+r.Node))
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
			line += " " + printable.Text(r.Failed)
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

// slowest returns the rows that have rows below them and the longest of the others, about
// most in all, and how many it leaves out.
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
