package reasoning

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"none":                     {Refuse(nil), false},
		"not reached":              {fmt.Errorf("expand: %w", Refuse(Mark(errors.New("connection refused"), ErrUnavailable))), true},
		"loading, with a delay":    {WithDelay(Refuse(ErrUnavailable), time.Second), true},
		"throttled":                {fmt.Errorf("429: %w", ErrOverloaded), true},
		"broken off":               {fmt.Errorf("EOF: %w", ErrUnavailable), false},
		"refused for ever":         {Refuse(Invalid("steps", "must not be empty")), false},
		"refused, and given up":    {fmt.Errorf("%w: %w", NewError(KindInternal, "JOB_GIVEN_UP", "given up"), Refuse(ErrUnavailable)), false},
		"refused, of unknown kind": {Refuse(errors.New("disk full")), false},
	} {
		if got := Refused(c.err); got != c.want {
			t.Errorf("%s: Refused is %v, want %v", name, got, c.want)
		}
	}
	if err := Refuse(ErrUnavailable); err.Error() != ErrUnavailable.Error() || !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want an ErrUnavailable with its text", err)
	}
}
