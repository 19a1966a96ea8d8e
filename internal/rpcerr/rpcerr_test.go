package rpcerr

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
)

// over the wire and back, as a status and as a message.
var roads = map[string]func(error) error{
	"status":  func(err error) error { return FromStatus(ToStatus(err)) },
	"message": func(err error) error { return FromProto(ToProto(err)) },
}

func TestEveryRowComesBack(t *testing.T) {
	for name, over := range roads {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			r := rapid.SampledFrom(table).Draw(t, "row")
			sent := fmt.Errorf("%s: %w", rapid.StringN(0, 100, -1).Draw(t, "what was tried"), r.err)
			got := over(sent)
			if !errors.Is(got, r.err) || got.Error() != sent.Error() {
				t.Fatalf("got %v, want %v", got, sent)
			}
			for _, other := range table {
				if other.err != r.err && errors.Is(got, other.err) {
					t.Fatalf("%v came back as %v", r.err, other.err)
				}
			}
			if again := over(fmt.Errorf("relayed: %w", got)); !errors.Is(again, r.err) {
				t.Fatalf("second hop: got %v, want %v", again, r.err)
			}
		}))
	}
}

func TestInvalidKeepsFieldAndRule(t *testing.T) {
	for name, over := range roads {
		t.Run(name, func(t *testing.T) {
			sent := fmt.Errorf("expand: %w", reasoning.Invalid("sampling.top_p", "must be in (0,1], is %v", 7))
			got := over(sent)
			var rule *reasoning.InvalidError
			if !errors.As(got, &rule) {
				t.Fatalf("got %v, want an InvalidError", got)
			}
			if diff := cmp.Diff(*rule, reasoning.InvalidError{Field: "sampling.top_p", Rule: "must be in (0,1], is 7"}); diff != "" || got.Error() != sent.Error() {
				t.Errorf("got %v, want %v\n%s", got, sent, diff)
			}
		})
	}
}

func TestOtherErrorsAreInternalAndKeepTheirMessage(t *testing.T) {
	for name, over := range roads {
		t.Run(name, func(t *testing.T) {
			got := over(errors.New("disk on fire"))
			if !strings.Contains(got.Error(), "disk on fire") || status.Code(got) != codes.Internal {
				t.Errorf("got %v of code %v, want INTERNAL and the message", got, status.Code(got))
			}
			for _, r := range table {
				if errors.Is(got, r.err) {
					t.Errorf("came back as %v", r.err)
				}
			}
			denied := over(status.Error(codes.PermissionDenied, "not yours"))
			if status.Code(denied) != codes.PermissionDenied || !strings.Contains(denied.Error(), "not yours") {
				t.Errorf("got %v, want PERMISSION_DENIED", denied)
			}
		})
	}
	if ToStatus(nil) != nil || FromStatus(nil) != nil {
		t.Error("no error became one")
	}
}

// What gRPC itself or a foreign server says has no reason.
func TestStatusesOfStrangers(t *testing.T) {
	for code, want := range map[codes.Code]error{
		codes.Unavailable:       reasoning.ErrUnavailable,
		codes.ResourceExhausted: reasoning.ErrOverloaded,
		codes.InvalidArgument:   reasoning.ErrInvalid,
		codes.Canceled:          context.Canceled,
		codes.DeadlineExceeded:  context.DeadlineExceeded,
	} {
		if got := FromStatus(status.Error(code, "x")); !errors.Is(got, want) {
			t.Errorf("%v: got %v, want %v", code, got, want)
		}
	}
}

func TestDetails(t *testing.T) {
	kinds := func(err error) (names []string) {
		for _, d := range status.Convert(ToStatus(err)).Details() {
			switch d := d.(type) {
			case *errdetails.ErrorInfo:
				names = append(names, d.Domain+"/"+d.Reason)
			case *errdetails.BadRequest:
				names = append(names, "field "+d.FieldViolations[0].Field)
			case *errdetails.RetryInfo:
				names = append(names, "retry "+d.RetryDelay.AsDuration().String())
			}
		}
		return names
	}
	for _, c := range []struct {
		err  error
		want []string
	}{
		{reasoning.Invalid("span", "x"), []string{"ponder/INVALID_ARGUMENT", "field span"}},
		{reasoning.Invalid("sp\xffan", "\xff"), []string{"ponder/INVALID_ARGUMENT", "field sp\uFFFDan"}},
		{reasoning.ErrOverloaded, []string{"ponder/OVERLOADED", "retry 2s"}},
		{errors.New("x"), []string{"ponder/INTERNAL"}},
	} {
		if diff := cmp.Diff(kinds(c.err), c.want); diff != "" {
			t.Errorf("%v: got -, want +\n%s", c.err, diff)
		}
	}
	long := status.Convert(ToStatus(errors.New(strings.Repeat("ä", 5000)))).Message()
	if len(long) > maxMessage || !strings.HasSuffix(long, "ä…") {
		t.Errorf("a long message has %d bytes and ends with %q", len(long), long[len(long)-6:])
	}
}

// Every sentinel of the domain's packages is in the table, and reasons are what
// they promise to be.
func TestTableIsComplete(t *testing.T) {
	const root = "../../"
	seen := map[string]bool{}
	for _, r := range table {
		if seen[r.reason] || !regexp.MustCompile(`^[A-Z][A-Z_]+$`).MatchString(r.reason) {
			t.Errorf("reason %q is used twice or not UPPER_SNAKE_CASE", r.reason)
		}
		seen[r.reason] = true
	}
	rows := sentinels(t, ".", "rpcerr.go")
	for _, pkg := range []string{"reasoning", "services/policy", "services/verifier", "services/difficulty", "services/planner", "services/planner/search", "internal/wire"} {
		names := sentinels(t, root+pkg, "")
		for name := range names {
			if qualified := pkg[strings.LastIndexByte(pkg, '/')+1:] + "." + name; !rows[qualified] {
				t.Errorf("%s is not in the table", qualified)
			}
		}
	}
	if !rows["policy.ErrPoison"] || !sentinels(t, root+"reasoning", "")["ErrInvalid"] {
		t.Error("the search for sentinels finds none")
	}
}

// sentinels of a package are its exported Err variables; of the file with the
// table, the qualified names in it.
func sentinels(t *testing.T, dir, only string) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || only != "" && filepath.Base(path) != only {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for _, name := range n.Names {
					if only == "" && strings.HasPrefix(name.Name, "Err") {
						names[name.Name] = true
					}
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && only != "" {
					names[x.Name+"."+n.Sel.Name] = true
				}
			}
			return true
		})
	}
	return names
}
