package reasoning

import (
	"context"
	"errors"
	"fmt"
)

// A Kind sorts errors by what their receiver can do about them. Package
// internal/rpcerr maps each kind to one gRPC code.
type Kind int

const (
	KindInternal     Kind = iota // the service failed; also the kind of errors without one
	KindCancelled                // the caller cancelled the work
	KindDeadline                 // the caller's deadline passed
	KindInvalid                  // the request breaks a rule: never worth a retry
	KindPrecondition             // the service is not set up for the request: not worth a retry here
	KindNotFound                 // what the request names does not exist
	KindExists                   // what the request would make exists already
	KindExhausted                // a budget or a limit of the service is used up
	KindUnavailable              // the service cannot be reached or is stopping
)

// An Error is a sentinel: it has a kind, and a reason that tells errors of one kind
// apart. Two Errors with the same reason are one error by errors.Is, so that a
// sentinel is recognised after it has crossed the wire.
type Error struct {
	kind         Kind
	reason, text string
}

// NewError returns a sentinel with the given text. The reason, in UPPER_SNAKE_CASE,
// is unique in Ponder and never changes, since clients in any language match on it.
func NewError(kind Kind, reason, text string) *Error { return &Error{kind, reason, text} }

func (e *Error) Error() string { return e.text }

// Kind returns the sort of e.
func (e *Error) Kind() Kind { return e.kind }

// Reason returns the name of e on the wire.
func (e *Error) Reason() string { return e.reason }

// Is reports whether target is an Error of the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.reason == e.reason
}

// Mark returns an error that wraps both err and e and has the text of err alone, where
// that text describes the failure and e is needed only to classify it.
func Mark(err error, e *Error) error { return &marked{err, e} }

type marked struct {
	error
	mark *Error
}

func (m *marked) Unwrap() []error { return []error{m.mark, m.error} }

// Errors that every service may return, wrapped. Each is what its kind means where
// nothing more is known, and so are context.Canceled and context.DeadlineExceeded.
// A service declares the errors of its own beside its interface.
var (
	ErrInvalid     = NewError(KindInvalid, "INVALID_ARGUMENT", "invalid request")
	ErrOverloaded  = NewError(KindExhausted, "OVERLOADED", "service overloaded")     // worth a retry, later
	ErrUnavailable = NewError(KindUnavailable, "UNAVAILABLE", "service unavailable") // worth a retry
)

var (
	errCancelled = NewError(KindCancelled, "CANCELLED", context.Canceled.Error())
	errDeadline  = NewError(KindDeadline, "DEADLINE_EXCEEDED", context.DeadlineExceeded.Error())
)

// Classify returns the Error that err is, or nil if it is none. Of several that err
// wraps, an error of context wins, then the most specific one: what a service declared
// for itself, KindInternal last, before what every service may return. Among equals the
// first wins.
func Classify(err error) *Error {
	switch {
	case errors.Is(err, context.Canceled):
		return errCancelled
	case errors.Is(err, context.DeadlineExceeded):
		return errDeadline
	}
	return classify(err)
}

func classify(err error) (found *Error) {
	switch e := err.(type) {
	case *Error:
		return e
	case interface{ Unwrap() error }:
		return classify(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if one := classify(err); one.weight() > found.weight() {
				found = one
			}
		}
	}
	return found
}

// weight returns the rank of e among the Errors that one error wraps.
func (e *Error) weight() int {
	switch {
	case e == nil:
		return 0
	case e.Is(ErrInvalid), e.Is(ErrOverloaded), e.Is(ErrUnavailable):
		return 1
	case e.kind == KindInternal:
		return 2
	}
	return 3
}

// An InvalidError names the field of a request that breaks a rule, in the
// spelling of the proto. It is an ErrInvalid.
type InvalidError struct{ Field, Rule string }

// Invalid returns an *InvalidError with a formatted rule.
func Invalid(field, rule string, args ...any) error {
	return &InvalidError{Field: field, Rule: fmt.Sprintf(rule, args...)}
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Rule) }

// Unwrap returns ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }
