package mesh_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
)

var update = flag.Bool("update", false, "update the tables of the docs instead of comparing them")

// checkDocument checks that the named table of docs/bad-input.md has these rows. With
// -update it writes them.
func checkDocument(t *testing.T, name string, head []string, rows [][]string) {
	t.Helper()
	file := filepath.Join("..", "docs", "bad-input.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": made by the tests of mesh -->\n", "<!-- end -->"
	mark := regexp.MustCompile("(?s)" + regexp.QuoteMeta(begin) + ".*?" + regexp.QuoteMeta(end))
	if !mark.Match(text) {
		t.Fatalf("%s has no marks for table %s", file, name)
	}
	want := mark.ReplaceAllLiteralString(string(text), begin+markdownTable(head, rows)+end)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), want); diff != "" {
		t.Errorf("%s is stale, run go test ./mesh -run 'BadInput|Faults' -update: got -, want +\n%s", file, diff)
	}
}

// markdownTable returns a table in Markdown.
func markdownTable(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.NewReplacer("|", "\\|", "\n", " ").Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// quoteCode returns s as Markdown code, or "" if s is empty.
func quoteCode(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// statusCode returns the canonical name of a status code, such as INVALID_ARGUMENT, as
// Markdown code.
func statusCode(c codes.Code) string {
	words := regexp.MustCompile("([a-z])([A-Z])").ReplaceAllString(c.String(), "${1}_$2")
	return quoteCode(strings.ToUpper(words))
}
