package reasoning

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestDelay(t *testing.T) {
	busy := fmt.Errorf("expand: %w", WithDelay(fmt.Errorf("POST x: 429: %w", ErrOverloaded), 7*time.Second))
	if Delay(busy) != 7*time.Second || !errors.Is(busy, ErrOverloaded) || busy.Error() != "expand: POST x: 429: service overloaded" {
		t.Errorf("got %v with a delay of %v, want an ErrOverloaded with 7s and the text of its cause", busy, Delay(busy))
	}
	for name, err := range map[string]error{
		"none": nil, "no advice": ErrOverloaded, "zero": WithDelay(ErrOverloaded, 0), "negative": WithDelay(ErrOverloaded, -1),
	} {
		if got := Delay(err); got != 0 {
			t.Errorf("%s: got a delay of %v, want none", name, got)
		}
	}
	if WithDelay(nil, time.Second) != nil {
		t.Error("WithDelay of no error is an error")
	}
}

func TestTransientAndPermanent(t *testing.T) {
	given := NewError(KindInternal, "JOB_GIVEN_UP", "job given up")
	for name, c := range map[string]struct {
		err                  error
		transient, permanent bool
	}{
		"none":                          {nil, false, false},
		"overloaded":                    {fmt.Errorf("x: %w", ErrOverloaded), true, false},
		"unavailable, with a delay":     {WithDelay(ErrUnavailable, time.Second), true, false},
		"invalid":                       {Invalid("steps", "must not be empty"), false, true},
		"precondition":                  {NewError(KindPrecondition, "MODEL_NOT_SERVED", "no"), false, true},
		"a budget of the search":        {NewError(KindExhausted, "BUDGET_SPENT", "spent"), false, false},
		"given up, last unavailable":    {fmt.Errorf("%w: %w", given, ErrUnavailable), false, false},
		"given up, last a precondition": {fmt.Errorf("%w: %w", given, NewError(KindPrecondition, "X", "x")), false, true},
		"cancelled":                     {fmt.Errorf("%w: %w", ErrUnavailable, context.Canceled), false, false},
		"not one of ours":               {errors.New("disk full"), false, false},
		"the deadline while it is busy": {fmt.Errorf("%w: %w", ErrOverloaded, context.DeadlineExceeded), false, false},
	} {
		if got := Transient(c.err); got != c.transient {
			t.Errorf("%s: Transient is %v", name, got)
		}
		if got := Permanent(c.err); got != c.permanent {
			t.Errorf("%s: Permanent is %v", name, got)
		}
	}
}
