package rpcerr

import (
	"context"
	"errors"
	"fmt"
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
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
)

// roundTrips encode and decode an error, as a status and as a message.
var roundTrips = map[string]func(error) error{
	"status":  func(err error) error { return FromStatus(ToStatus(err)) },
	"message": func(err error) error { return FromProto(ToProto(err)) },
}

// An error of any kind and reason, wrapped, survives the round trip and matches no other sentinel.
func TestRoundTripPreservesErrors(t *testing.T) {
	sentinels := []*reasoning.Error{reasoning.ErrInvalid, reasoning.ErrOverloaded, reasoning.ErrUnavailable}
	for name, trip := range roundTrips {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			declared := reasoning.NewError(rapid.SampledFrom(table).Draw(t, "mapping").kind,
				rapid.StringMatching(`OF_A_TEST_[A-Z_]{1,20}`).Draw(t, "reason"), "text")
			err := rapid.SampledFrom(append(sentinels, declared)).Draw(t, "error")
			sent := fmt.Errorf("%s: %w", rapid.StringN(0, 100, -1).Draw(t, "what was tried"), err)
			got := trip(sent)
			if !errors.Is(got, err) || got.Error() != sent.Error() {
				t.Fatalf("got %v, want %v", got, sent)
			}
			if kind := reasoning.Classify(got).Kind(); kind != err.Kind() {
				t.Fatalf("got kind %v, want %v", kind, err.Kind())
			}
			for _, other := range append(sentinels, declared, reasoning.NewError(err.Kind(), "OTHER", "other")) {
				if other != err && errors.Is(got, other) {
					t.Fatalf("%v came back as %v", err, other)
				}
			}
			if errors.Is(got, context.Canceled) || errors.Is(got, context.DeadlineExceeded) {
				t.Fatalf("%v came back as an error of context", err)
			}
			if again := trip(fmt.Errorf("relayed: %w", got)); !errors.Is(again, err) {
				t.Fatalf("second hop: got %v, want %v", again, err)
			}
		}))
	}
}

// The delay that a model server advised arrives; the general advice for a kind is not taken
// for one. A delay stands only where another attempt may succeed.
func TestRoundTripPreservesDelays(t *testing.T) {
	for name, trip := range roundTrips {
		for _, c := range []struct {
			err          error
			delay, slack time.Duration
		}{
			{reasoning.WithDelay(reasoning.ErrOverloaded, 90*time.Second), 90 * time.Second, 0},
			{reasoning.WithDelay(reasoning.ErrOverloaded, 2*time.Second), 2 * time.Second, 1},
			{reasoning.WithDelay(reasoning.ErrUnavailable, time.Second), time.Second, 1},
			{reasoning.ErrOverloaded, 0, 0},
			{reasoning.ErrUnavailable, 0, 0},
			{reasoning.WithDelay(reasoning.ErrInvalid, time.Second), 0, 0},
		} {
			got := trip(fmt.Errorf("expand: %w", c.err))
			if d := reasoning.Delay(got); d < c.delay || d > c.delay+c.slack {
				t.Errorf("%s: %v came back with a delay of %v, want %v", name, c.err, d, c.delay)
			}
			if again := trip(got); reasoning.Delay(again) != reasoning.Delay(got) || !errors.Is(again, reasoning.Classify(c.err)) {
				t.Errorf("%s, second hop: got %v with %v, want %v with %v", name, again, reasoning.Delay(again), c.err, c.delay)
			}
		}
	}
}

func TestRoundTripPreservesErrorsOfContext(t *testing.T) {
	for name, trip := range roundTrips {
		for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
			sent := fmt.Errorf("score: %w: %w", reasoning.ErrUnavailable, err)
			got := trip(sent)
			if !errors.Is(got, err) || errors.Is(got, reasoning.ErrUnavailable) || got.Error() != sent.Error() {
				t.Errorf("%s: got %v, want %v", name, got, err)
			}
		}
	}
}

func TestInvalidKeepsFieldAndRule(t *testing.T) {
	for name, trip := range roundTrips {
		t.Run(name, func(t *testing.T) {
			sent := fmt.Errorf("expand: %w", reasoning.Invalid("sampling.top_p", "must be in (0,1], is %v", 7))
			got := trip(sent)
			var rule *reasoning.InvalidError
			if !errors.As(got, &rule) {
				t.Fatalf("got %v, want an InvalidError", got)
			}
			want := reasoning.InvalidError{Field: "sampling.top_p", Rule: "must be in (0,1], is 7"}
			if diff := cmp.Diff(*rule, want); diff != "" || got.Error() != sent.Error() {
				t.Errorf("got %v, want %v\n%s", got, sent, diff)
			}
		})
	}
}

func TestOtherErrorsAreInternalAndKeepTheirMessage(t *testing.T) {
	for name, trip := range roundTrips {
		t.Run(name, func(t *testing.T) {
			got := trip(errors.New("disk on fire"))
			if got.Error() != "disk on fire" || status.Code(got) != codes.Internal {
				t.Errorf("got %v of code %v, want INTERNAL and the same message", got, status.Code(got))
			}
			relayed := trip(fmt.Errorf("relayed: %w", got))
			if relayed.Error() != "relayed: disk on fire" || status.Code(relayed) != codes.Internal {
				t.Errorf("second hop: got %v of code %v, want INTERNAL and both messages", relayed, status.Code(relayed))
			}
			if e := reasoning.Classify(got); e != nil {
				t.Errorf("came back as %v", e)
			}
			denied := trip(status.Error(codes.PermissionDenied, "not yours"))
			if status.Code(denied) != codes.PermissionDenied || !strings.Contains(denied.Error(), "not yours") {
				t.Errorf("got %v, want PERMISSION_DENIED", denied)
			}
		})
	}
	if ToStatus(nil) != nil || FromStatus(nil) != nil {
		t.Error("no error became one")
	}
}

// The statuses of gRPC itself and of servers outside Ponder have no reason.
func TestStatusesWithoutAReason(t *testing.T) {
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
		{reasoning.ErrUnavailable, []string{"ponder/UNAVAILABLE", "retry 1s"}},
		{reasoning.NewError(reasoning.KindExhausted, "BUDGET_SPENT", "spent"), []string{"ponder/BUDGET_SPENT"}},
		{errors.New("x"), []string{"ponder/INTERNAL"}},
	} {
		if diff := cmp.Diff(kinds(c.err), c.want); diff != "" {
			t.Errorf("%v: got -, want +\n%s", c.err, diff)
		}
	}
	for err, want := range map[error]time.Duration{reasoning.ErrOverloaded: 2 * time.Second, errors.New("x"): 0} {
		if got := ToProto(err).GetRetryDelay().AsDuration(); got != want {
			t.Errorf("message of %v: retry after %v, want %v", err, got, want)
		}
	}
	long := status.Convert(ToStatus(errors.New(strings.Repeat("ä", 5000)))).Message()
	if len(long) > maxMessage || !strings.HasSuffix(long, "ä…") {
		t.Errorf("a long message has %d bytes and ends with %q", len(long), long[len(long)-6:])
	}
}

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
		"NODE_NOT_FOUND":          codes.NotFound,
		"REQUEST_ID_IN_USE":       codes.AlreadyExists,
		"MODEL_NOT_FOUND":         codes.FailedPrecondition,
		"TOKENS_NOT_COUNTED":      codes.FailedPrecondition,

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
				reason, err := strconv.Unquote(call.Args[1].(*ast.BasicLit).Value)
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
