package reasoning

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestClassify(t *testing.T) {
	poison := NewError(KindInternal, "JOB_GIVEN_UP", "job given up")
	model := NewError(KindPrecondition, "MODEL_NOT_SERVED", "model not served here")
	spent := NewError(KindExhausted, "BUDGET_SPENT", "budget spent")
	wrap := func(errs ...error) error { return fmt.Errorf("expand: %w", errors.Join(errs...)) }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"sentinel":                           {poison, "JOB_GIVEN_UP"},
		"wrapped":                            {wrap(wrap(model)), "MODEL_NOT_SERVED"},
		"the first of two":                   {wrap(model, spent), "MODEL_NOT_SERVED"},
		"a failure and its cause":            {wrap(poison, model), "MODEL_NOT_SERVED"},
		"a generic error and a specific one": {wrap(ErrUnavailable, wrap(poison)), "JOB_GIVEN_UP"},
		"two generic errors":                 {wrap(ErrOverloaded, ErrUnavailable), "OVERLOADED"},
		"a field":                            {wrap(Invalid("steps", "must not be empty")), "INVALID_ARGUMENT"},
		"cancellation wins":                  {wrap(poison, wrap(context.Canceled)), "CANCELLED"},
		"deadline wins":                      {wrap(ErrUnavailable, context.DeadlineExceeded), "DEADLINE_EXCEEDED"},
		"not one of ours":                    {wrap(errors.New("disk full")), ""},
		"one of ours with other failures":    {wrap(errors.New("disk full"), nil, poison), "JOB_GIVEN_UP"},
		"none":                               {nil, ""},
	} {
		got := ""
		if e := Classify(c.err); e != nil {
			got = e.Reason()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestMark(t *testing.T) {
	refused := errors.New("dial tcp 127.0.0.1:8000: connection refused")
	got := fmt.Errorf("score: %w", Mark(refused, ErrUnavailable))
	if !errors.Is(got, ErrUnavailable) || !errors.Is(got, refused) || Classify(got) != ErrUnavailable {
		t.Errorf("got %v, want an ErrUnavailable that wraps its cause", got)
	}
	if want := "score: dial tcp 127.0.0.1:8000: connection refused"; got.Error() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorsAreEqualByReason(t *testing.T) {
	one := NewError(KindNotFound, "SEARCH_NOT_FOUND", "no such search")
	if !errors.Is(fmt.Errorf("get: %w", NewError(KindNotFound, "SEARCH_NOT_FOUND", "another text")), one) {
		t.Error("two errors of one reason differ")
	}
	if errors.Is(NewError(KindNotFound, "NO_ANSWER", "no such search"), one) {
		t.Error("two errors of different reasons are equal")
	}
}
