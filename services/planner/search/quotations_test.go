package search

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// inQuotes matches a quotation of two words or more.
var inQuotes = regexp.MustCompile(`"[^"]+\s[^"]+"`)

// quotations returns what a comment quotes, in parts without "[…]".
func quotations(comment string) (parts []string) {
	for _, quotation := range inQuotes.FindAllString(comment, -1) {
		for part := range strings.SplitSeq(strings.Trim(quotation, `"`), "[…]") {
			parts = append(parts, strings.Trim(part, " ."))
		}
	}
	return parts
}

// oneLine returns the text of comments with single spaces.
func oneLine(comments ...*ast.CommentGroup) string {
	var words []string
	for _, c := range comments {
		words = append(words, strings.Fields(c.Text())...)
	}
	return strings.Join(words, " ")
}

// Every sentence that a test in a paper_*_test.go quotes is in a comment of the package.
func TestQuotations(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var sources []*ast.CommentGroup
	var tests []*ast.FuncDecl
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(e.Name(), "_test.go") {
			sources = append(sources, file.Comments...)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(e.Name(), "paper_") && f.Doc != nil {
				tests = append(tests, f)
			}
		}
	}
	text := oneLine(sources...)
	quoted := 0
	for _, f := range tests {
		for _, q := range quotations(oneLine(f.Doc)) {
			if quoted++; !strings.Contains(text, q) {
				t.Errorf("%s quotes %q, which no comment of package search has", f.Name.Name, q)
			}
		}
	}
	if quoted < 50 {
		t.Errorf("found %d quotations, want at least 50: the test shows nothing", quoted)
	}
	// The negative control: a changed quotation is not found.
	for _, q := range quotations(`"A finished solution stays in the beam […] for ever."`) {
		if strings.Contains(text, q) {
			t.Errorf("a quotation that is not in the package was found: %q", q)
		}
	}
}
