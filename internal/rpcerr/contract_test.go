package rpcerr

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"github.com/ponder-mesh/ponder/reasoning"
)

// The contract: these reasons, of these kinds, with these codes. A reason may be
// added; none may change.
func TestReasonsAreTheContract(t *testing.T) {
	contract := map[string]codes.Code{
		"INVALID_ARGUMENT":        codes.InvalidArgument,
		"OVERLOADED":              codes.ResourceExhausted,
		"UNAVAILABLE":             codes.Unavailable,
		"CANCELLED":               codes.Canceled,
		"DEADLINE_EXCEEDED":       codes.DeadlineExceeded,
		"MODEL_NOT_SERVED":        codes.FailedPrecondition,
		"JOB_GIVEN_UP":            codes.Internal,
		"JOB_VERSION_UNSUPPORTED": codes.Internal,
		"BAD_SCORES":              codes.Internal,
		"SEARCH_NOT_FOUND":        codes.NotFound,
		"IDEMPOTENCY_KEY_IN_USE":  codes.AlreadyExists,
		"NO_VERIFIER":             codes.FailedPrecondition,
		"NO_ANSWER":               codes.NotFound,
		"CANCELLED_BY_CLIENT":     codes.Canceled,
		"PLANNER_STOPPING":        codes.Unavailable,
		"BUDGET_SPENT":            codes.ResourceExhausted,
		"MALFORMED_ANSWER":        codes.Internal,
		"COST_IMPLAUSIBLE":        codes.FailedPrecondition,
		"NODE_NOT_FOUND":          codes.NotFound,
		"REQUEST_ID_IN_USE":       codes.AlreadyExists,
		"MODEL_NOT_FOUND":         codes.FailedPrecondition,
		"TOKENS_NOT_COUNTED":      codes.FailedPrecondition,
		"CAPABILITY_MISSING":      codes.FailedPrecondition,
		"PROBLEM_UNREADABLE":      codes.InvalidArgument,
		"CHILD_TOO_LARGE":         codes.FailedPrecondition,

		"PLANNER_RESUMING":          codes.Unavailable,
		"SEARCH_MOVED":              codes.Unavailable,
		"ANSWER_NOT_RECORDED":       codes.Internal,
		"SEARCH_TAKEN_OVER":         codes.AlreadyExists,
		"JOURNAL_FULL":              codes.ResourceExhausted,
		"JOURNAL_ENTRY_TOO_LARGE":   codes.FailedPrecondition,
		"JOURNAL_SERVER_UNSUITABLE": codes.FailedPrecondition,
		"LOG_CORRUPT":               codes.Internal,
		"LOG_LOST":                  codes.Internal,
		"LOG_NEWER":                 codes.FailedPrecondition,

		"MODEL_SERVER_KEY_REFUSED":       codes.FailedPrecondition,
		"MODEL_SERVER_RESPONSE_UNUSABLE": codes.FailedPrecondition,
	}
	got := map[string]codes.Code{}
	for _, d := range declared(t, "../..") {
		i := slices.IndexFunc(table, func(m mapping) bool { return kindName[m.kind] == d.kind })
		switch {
		case i < 0:
			t.Errorf("%s: %s has no mapping in the table", d.reason, d.kind)
		case !regexp.MustCompile(`^[A-Z][A-Z_]+$`).MatchString(d.reason):
			t.Errorf("reason %q is not UPPER_SNAKE_CASE", d.reason)
		case got[d.reason] != 0:
			t.Errorf("reason %s is declared twice", d.reason)
		default:
			got[d.reason] = table[i].code
		}
	}
	if diff := cmp.Diff(got, contract); diff != "" {
		t.Errorf("reasons and codes: got -, want +\n%s", diff)
	}
}

var kindName = map[reasoning.Kind]string{
	reasoning.KindInternal:     "KindInternal",
	reasoning.KindCancelled:    "KindCancelled",
	reasoning.KindDeadline:     "KindDeadline",
	reasoning.KindInvalid:      "KindInvalid",
	reasoning.KindPrecondition: "KindPrecondition",
	reasoning.KindNotFound:     "KindNotFound",
	reasoning.KindExists:       "KindExists",
	reasoning.KindExhausted:    "KindExhausted",
	reasoning.KindUnavailable:  "KindUnavailable",
}

// Every exported error of a package whose errors cross the wire has a kind.
func TestSentinelsHaveKinds(t *testing.T) {
	for _, pkg := range []string{"reasoning", "services", "internal/wire"} {
		for path, file := range sources(t, filepath.Join("../..", pkg)) {
			for _, d := range file.Decls {
				d, ok := d.(*ast.GenDecl)
				if !ok || d.Tok != token.VAR {
					continue
				}
				for _, s := range d.Specs {
					s := s.(*ast.ValueSpec)
					if !strings.HasPrefix(s.Names[0].Name, "Err") || strings.HasSuffix(filepath.Dir(path), "test") {
						continue
					}
					if len(s.Values) != 1 || !isNewError(s.Values[0]) {
						t.Errorf("%s: %s is not made by reasoning.NewError", path, s.Names[0].Name)
					}
				}
			}
		}
	}
}

type declaration struct{ kind, reason string }

// declared returns what the calls of reasoning.NewError below dir declare, tests and
// package rpcerr left out.
func declared(t *testing.T, dir string) (found []declaration) {
	t.Helper()
	for path, file := range sources(t, dir) {
		if strings.Contains(path, "rpcerr") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isNewError(call) {
				kind := call.Args[0]
				if s, ok := kind.(*ast.SelectorExpr); ok {
					kind = s.Sel
				}
				literal, ok := call.Args[1].(*ast.BasicLit)
				if !ok {
					return true // an error that was declared elsewhere, and is made again from a record
				}
				reason, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, declaration{kind.(*ast.Ident).Name, reason})
			}
			return true
		})
	}
	return found
}

func isNewError(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name == "NewError"
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		return ok && x.Name == "reasoning" && f.Sel.Name == "NewError"
	}
	return false
}

// sources parses the Go files below dir that are not tests.
func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		files[path] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
