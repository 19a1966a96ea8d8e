package rpcerr

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/wire/wiretest"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
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

// The cost of what failed arrives, over two hops, with each waste named once.
func TestRoundTripPreservesCosts(t *testing.T) {
	for name, trip := range roundTrips {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			want := reasoning.Cost{Unknown: wiretest.Usages.Draw(t, "unknown")}.Add(reasoning.Wasted(wiretest.Costs.Draw(t, "cost").Waste))
			err := rapid.SampledFrom([]error{
				reasoning.ErrUnavailable, reasoning.Invalid("steps", "must be UTF-8"), context.Canceled, errors.New("disk full"),
			}).Draw(t, "error")
			got := trip(fmt.Errorf("expand: %w", reasoning.WithCost(err, want)))
			again := trip(got)
			if reasoning.CostOf(got) != want || reasoning.CostOf(again) != want {
				t.Fatalf("%v: got %+v, then %+v, want %+v", err, reasoning.CostOf(got), reasoning.CostOf(again), want)
			}
			if c := reasoning.Classify(err); c != nil && !c.Is(reasoning.Classify(again)) {
				t.Fatalf("got %v, want %v", again, err)
			}
		}))
	}
}

// An error counts more than its cost: if that is malformed, the error arrives without it.
func TestMalformedCostIsDropped(t *testing.T) {
	for name, waste := range map[string]*reasoningv1.Waste{
		"negative":     {Failed: &reasoningv1.Usage{GeneratedTokens: -1}},
		"not a number": {Lost: &reasoningv1.Usage{Flops: math.NaN()}},
	} {
		p := ToProto(reasoning.ErrOverloaded)
		p.Waste = waste
		if err := FromProto(p); !errors.Is(err, reasoning.ErrOverloaded) || reasoning.CostOf(err) != (reasoning.Cost{}) {
			t.Errorf("%s: got %v with cost %+v, want the error alone", name, err, reasoning.CostOf(err))
		}
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
