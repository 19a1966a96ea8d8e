package reasoning

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What an error leaves unnamed is cancelled or failed, and what has a cause keeps it.
func TestWasteIsNamedByItsError(t *testing.T) {
	used, lost := Usage{Generated: 7, Prompt: 5, FLOPs: 24}, Usage{Generated: 2, FLOPs: 4}
	rest := Usage{Generated: 5, Prompt: 5, FLOPs: 20}
	for err, want := range map[error]Waste{
		context.Canceled: {Cancelled: rest, Lost: lost},
		fmt.Errorf("%w", context.DeadlineExceeded): {Cancelled: rest, Lost: lost},
		ErrUnavailable:          {Failed: rest, Lost: lost},
		errors.New("disk full"): {Failed: rest, Lost: lost},
		fmt.Errorf("%w", Invalid("steps", "too long")): {Failed: rest, Lost: lost},
	} {
		got := Cost{Usage: used, Waste: Waste{Lost: lost}}.EndedBy(err)
		if got.Waste != want || got.Usage != used || got.Waste.Total() != used || got.Used() != (Usage{}) {
			t.Errorf("%v: got %+v, want waste %+v of %+v", err, got, want, used)
		}
		if again := got.EndedBy(context.Canceled); again != got {
			t.Errorf("%v: a second error changes %+v to %+v", err, got, again)
		}
	}
}

// An error has the cost that it was wrapped with last.
func TestErrorWithCost(t *testing.T) {
	one, two := Usage{Generated: 1}, Usage{Verifier: 2}
	err := WithCost(fmt.Errorf("expand: %w", WithCost(ErrUnavailable, Cost{Usage: one})), Cost{Usage: two, Unknown: one})
	if got, want := CostOf(fmt.Errorf("again: %w", err)), (Cost{Usage: two, Waste: Waste{Failed: two}, Unknown: one}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !errors.Is(err, ErrUnavailable) || err.Error() != "expand: "+ErrUnavailable.Error() {
		t.Errorf("got %v, want the error as it was", err)
	}
	if WithCost(nil, Cost{Usage: one}) != nil || WithCost(ErrInvalid, Cost{}) != error(ErrInvalid) || CostOf(ErrInvalid) != (Cost{}) {
		t.Error("an error without a cost has one")
	}
}

// No sum of any counts is less than one of them, negative, or not a number, and the causes of a waste add up to it.
func TestSumsDoNotOverflow(t *testing.T) {
	usages := rapid.Custom(func(t *rapid.T) Usage {
		count := rapid.OneOf(rapid.Int64Min(0), rapid.Just[int64](math.MaxInt64))
		return Usage{
			Generated: count.Draw(t, "generated"), Prompt: count.Draw(t, "prompt"), Cached: count.Draw(t, "cached"),
			Verifier: count.Draw(t, "verifier"),
			FLOPs:    rapid.OneOf(rapid.Float64Range(0, math.MaxFloat64), rapid.Just(math.MaxFloat64)).Draw(t, "flops"),
		}
	})
	least := func(sum, part Usage) bool {
		return sum.Generated >= part.Generated && sum.Prompt >= part.Prompt && sum.Cached >= part.Cached &&
			sum.Verifier >= part.Verifier && sum.FLOPs >= part.FLOPs && sum.FLOPs <= math.MaxFloat64
	}
	rapid.Check(t, func(t *rapid.T) {
		var b Bill
		var parts []Usage
		for range rapid.IntRange(1, 6).Draw(t, "costs") {
			w := Waste{usages.Draw(t, "cancelled"), usages.Draw(t, "failed"), usages.Draw(t, "lost"), usages.Draw(t, "untrusted")}
			c := Wasted(w).Add(Cost{Usage: usages.Draw(t, "used"), Unknown: usages.Draw(t, "unknown")})
			rapid.SampledFrom([]func(Cost){b.AddPolicy, b.AddVerifier, b.AddDifficulty}).Draw(t, "service")(c)
			for _, u := range w.Causes() {
				parts = append(parts, u)
			}
			parts = append(parts, c.Usage, w.Total())
			if !least(b.Unknown, c.Unknown) {
				t.Fatalf("unknown %+v is less than %+v", b.Unknown, c.Unknown)
			}
		}
		for _, part := range parts {
			if !least(b.Total(), part) {
				t.Fatalf("total %+v is less than %+v", b.Total(), part)
			}
		}
		exact := 0.0
		for _, u := range []Usage{b.Policy, b.Verifier, b.Difficulty} {
			exact += float64(u.Generated)
		}
		if exact > math.MaxInt64*1.01 && !b.Saturated() {
			t.Fatalf("%g tokens are more than the largest number, and the bill does not say so", exact)
		}
	})
}
