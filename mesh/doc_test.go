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

var update = flag.Bool("update", false, "write tables into the docs instead of comparing them")

// documented checks that a table of docs/bad-input.md, between its marks, is this.
func documented(t *testing.T, name string, head []string, rows [][]string) {
	t.Helper()
	file := filepath.Join("..", "docs", "bad-input.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": made by the tests of mesh -->\n", "<!-- end -->"
	mark := regexp.MustCompile("(?s)" + regexp.QuoteMeta(begin) + ".*?" + regexp.QuoteMeta(end))
	if !mark.Match(text) {
		t.Fatalf("%s has no place for table %s", file, name)
	}
	want := mark.ReplaceAllLiteralString(string(text), begin+table(head, rows)+end)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), want); diff != "" {
		t.Errorf("%s is stale; go test ./mesh -run 'BadInput|Faults' -update writes it anew. It has -, should have +\n%s", file, diff)
	}
}

func table(head []string, rows [][]string) string {
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

// tick is s as code, where there is one.
func tick(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// code is a status code as clients write it, such as INVALID_ARGUMENT.
func code(c codes.Code) string {
	words := regexp.MustCompile("([a-z])([A-Z])").ReplaceAllString(c.String(), "${1}_$2")
	return tick(strings.ToUpper(words))
}
