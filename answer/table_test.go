package answer

import (
	"os"
	"strings"
	"testing"
)

// A row is a line of a table of cases in testdata.
type row struct {
	line  int
	kind  string // the heading above the line
	cells []string
}

// question returns the question of a row whose last cell, after n others, may be a problem.
func (r row) question(n int) *Question {
	if len(r.cells) <= n {
		return unknown
	}
	return Of(KindAuto, newlines(r.cells[n]))
}

func newlines(s string) string { return strings.ReplaceAll(s, "⏎", "\n") }

// table reads a file of rows of at least n cells. Its first line is a comment.
func table(t testing.TB, file string, n int) (rows []row) {
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	kind := ""
	for i, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:] {
		if heading, ok := strings.CutPrefix(l, "# "); ok {
			kind = heading
			continue
		}
		cells := strings.Split(l, "\t")
		if len(cells) < n {
			t.Fatalf("%s:%d: %q has %d cells, want %d", file, i+2, l, len(cells), n)
		}
		rows = append(rows, row{i + 2, kind, cells})
	}
	return rows
}

// Correct gives the verdict of each row of graded.tsv.
func TestGraded(t *testing.T) {
	for _, r := range table(t, "graded.tsv", 3) {
		got, want := r.cells[1], r.cells[2]
		if v := r.question(3).Correct(got, want); v != (r.cells[0] == "yes") {
			t.Errorf("graded.tsv:%d (%s): Correct(%q, %q) = %v", r.line, r.kind, got, want, v)
		}
	}
}

// Extract finds the answer in each text of extracted.tsv.
func TestExtracted(t *testing.T) {
	for _, r := range table(t, "extracted.tsv", 2) {
		q, text, want := r.question(2), newlines(r.cells[0]), r.cells[1]
		got, ok := q.Extract(text)
		if want == "none" {
			if ok {
				t.Errorf("extracted.tsv:%d: Extract(%q) = %q, want none", r.line, text, got)
			}
			continue
		}
		if !ok || !q.Correct(got, want) {
			t.Errorf("extracted.tsv:%d: Extract(%q) = %q, %v, want %q", r.line, text, got, ok, want)
		}
	}
}

// Key joins and separates the answers of each row of keys.tsv.
func TestKeys(t *testing.T) {
	for _, r := range table(t, "keys.tsv", 3) {
		q := r.question(3)
		a, b := q.Key(r.cells[1]), q.Key(r.cells[2])
		if (a == b) != (r.cells[0] == "same") || a == "" || b == "" {
			t.Errorf("keys.tsv:%d: %q and %q have the keys %q and %q, want %s", r.line, r.cells[1], r.cells[2], a, b, r.cells[0])
		}
	}
}
