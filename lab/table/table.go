// Package table lays out tables as Markdown and as text for a terminal.
package table

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/internal/printable"
)

// Align is the alignment of a column's cells.
type Align string

// The alignments; the zero value is Left.
const (
	Left  Align = ""
	Right Align = "right"
)

// A Table holds a header and rows of cells. Rows may be shorter than the header, and Align shorter than both.
type Table struct {
	Header []string   `json:"header"`
	Align  []Align    `json:"align,omitempty"`
	Rows   [][]string `json:"rows"`
}

// New returns a table with the given columns. A prefix ">" of a name aligns the column to the right.
func New(columns ...string) Table {
	t := Table{Header: columns}
	for i, name := range columns {
		if right, ok := strings.CutPrefix(name, ">"); ok {
			if t.Align == nil {
				t.Align = make([]Align, len(columns))
			}
			t.Header[i], t.Align[i] = right, Right
		}
	}
	return t
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// WriteMarkdown writes t as a GitHub-flavoured Markdown table, padded to columns of fixed width.
func (t *Table) WriteMarkdown(w io.Writer) error {
	escape := strings.NewReplacer("|", `\|`, "\r", "", "\n", "<br>")
	return t.write(w, escape.Replace, "| ", " | ", " |", func(i, width int) string {
		if t.align(i) == Right {
			return strings.Repeat("-", width-1) + ":"
		}
		return strings.Repeat("-", width)
	})
}

// WriteText writes t as plain text in columns of fixed width. It escapes what a terminal does not show.
func (t *Table) WriteText(w io.Writer) error {
	flat := strings.NewReplacer("\r", "", "\n", " ", "\t", " ")
	clean := func(cell string) string { return printable.Text(flat.Replace(cell)) }
	return t.write(w, clean, "", "  ", "", func(_, width int) string { return strings.Repeat("─", width) })
}

func (t *Table) align(column int) Align {
	if column < len(t.Align) {
		return t.Align[column]
	}
	return Left
}

// write writes t in columns of fixed width, with a rule below the header. clean escapes a cell; start, between and end
// stand around the cells of a line; rule returns the rule of a column.
func (t *Table) write(w io.Writer, clean func(string) string, start, between, end string,
	rule func(column, width int) string) error {
	columns := len(t.Header)
	for _, row := range t.Rows {
		columns = max(columns, len(row))
	}
	widths := make([]int, columns)
	lines := make([][]string, 0, len(t.Rows)+1)
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		cells := make([]string, columns)
		for i := range row {
			cells[i] = clean(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]), 3)
		}
		lines = append(lines, cells)
	}
	out := bufio.NewWriter(w)
	line := func(cell func(i int) string) {
		cells := make([]string, columns)
		for i := range cells {
			cells[i] = cell(i)
		}
		out.WriteString(strings.TrimRight(start+strings.Join(cells, between)+end, " ") + "\n")
	}
	for n, cells := range lines {
		line(func(i int) string {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cells[i]))
			if t.align(i) == Right {
				return pad + cells[i]
			}
			return cells[i] + pad
		})
		if n == 0 {
			line(func(i int) string { return rule(i, widths[i]) })
		}
	}
	return out.Flush()
}
