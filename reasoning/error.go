package reasoning

import "context"

// An Error is a sentinel: it has a kind, and a reason that distinguishes errors of one
// kind. errors.Is takes two Errors with the same reason as equal, so that a sentinel is
// recognised after it has crossed the wire.
type Error struct {
	kind         Kind
	reason, text string
}

// NewError returns a sentinel with the given text. The reason, in UPPER_SNAKE_CASE,
// is unique in Ponder and never changes, since clients in any language match on it.
func NewError(kind Kind, reason, text string) *Error { return &Error{kind, reason, text} }

func (e *Error) Error() string { return e.text }

// Kind returns e's kind.
func (e *Error) Kind() Kind { return e.kind }

// Reason returns the name of e on the wire.
func (e *Error) Reason() string { return e.reason }

// Is reports whether target is an Error with the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.reason == e.reason
}

// Generic errors, one for a kind. A service returns one of them, wrapped, if it has no
// specific error; it declares its specific errors with its interface. context.Canceled and
// context.DeadlineExceeded are generic too.
var (
	ErrInvalid     = NewError(KindInvalid, "INVALID_ARGUMENT", "invalid request")
	ErrOverloaded  = NewError(KindExhausted, "OVERLOADED", "service overloaded")     // retry later
	ErrUnavailable = NewError(KindUnavailable, "UNAVAILABLE", "service unavailable") // retry
)

var (
	errCancelled = NewError(KindCancelled, "CANCELLED", context.Canceled.Error())
	errDeadline  = NewError(KindDeadline, "DEADLINE_EXCEEDED", context.DeadlineExceeded.Error())
)
