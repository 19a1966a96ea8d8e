package tracefile

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/internal/printable"
)

// WriteSearches writes the list of searches, one a line.
func (s *Summary) WriteSearches(w io.Writer) error {
	t := table{left: 4}
	t.row("search", "strategy", "state", "started", "took", "depths", "spans", "elided")
	for _, one := range s.Searches {
		t.row(one.ID, one.Strategy, one.State, one.Start.Format("2006-01-02 15:04:05Z"), short(one.Duration),
			one.Depths, one.Spans, one.Elided)
	}
	return t.write(w)
}

// WriteDepths writes the table of depths: the count, the median and the 95th percentile
// of each stage.
func (s *Summary) WriteDepths(w io.Writer) error {
	t := table{left: 1, groups: map[int]string{2: "queue wait", 5: "generate", 8: "score", 11: "barrier"}}
	t.row("depth", "width", "n", "p50", "p95", "n", "p50", "p95", "n", "p50", "p95", "n", "p50", "p95")
	for _, d := range append(s.Depths[:len(s.Depths):len(s.Depths)], s.All) {
		cells := []any{d.Name, d.Width}
		for _, q := range []Quantity{d.Queue, d.Generate, d.Score, d.Barrier} {
			if q.Count == 0 {
				cells = append(cells, "-", "-", "-")
			} else {
				cells = append(cells, q.Count, short(q.P50), short(q.P95))
			}
		}
		t.row(cells...)
	}
	return t.write(w)
}

// A table aligns its columns: the first ones to the left, as text, the others to the
// right, as numbers, and the last ones to the left again. Groups are headings over several columns, by their first.
type table struct {
	left   int
	right  int // the first of the last columns; 0: none
	groups map[int]string
	rows   [][]string
}

func (t *table) row(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		if row[i] = printable.Text(fmt.Sprint(c)); row[i] == "" {
			row[i] = "-"
		}
	}
	t.rows = append(t.rows, row)
}

func (t *table) write(w io.Writer) error {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	if len(t.groups) > 0 {
		heading, at := "", 0
		for i, width := range widths {
			at += t.gap(i)
			if name := t.groups[i]; name != "" {
				heading = pad(heading, at) + name
			}
			at += width
		}
		fmt.Fprintln(&out, heading)
	}
	for _, row := range t.rows {
		line := ""
		for i, cell := range row {
			line += strings.Repeat(" ", t.gap(i))
			if i < t.left || t.right > 0 && i >= t.right {
				line += pad(cell, widths[i])
			} else {
				line += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + cell
			}
		}
		fmt.Fprintln(&out, strings.TrimRight(line, " "))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// gap returns the width of the space before a column.
func (t *table) gap(column int) int {
	switch {
	case column == 0:
		return 0
	case t.groups[column] != "":
		return 4
	}
	return 2
}

// pad fills text with spaces up to a width.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// short formats a duration with three digits.
func short(d time.Duration) string {
	if d >= 10*time.Minute {
		return d.Round(time.Second).String()
	}
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		switch n := float64(d) / float64(unit.size); {
		case n >= 100:
			return fmt.Sprintf("%.0f%s", n, unit.name)
		case n >= 10:
			return fmt.Sprintf("%.1f%s", n, unit.name)
		case n >= 1:
			return fmt.Sprintf("%.2f%s", n, unit.name)
		}
	}
	return fmt.Sprintf("%dns", d.Nanoseconds())
}
