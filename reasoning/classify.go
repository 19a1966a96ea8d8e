package reasoning

import (
	"context"
	"errors"
)

// Classify returns the Error that err wraps, or nil if there is none. If err wraps several,
// errors of context come first, then the specific errors of services, those of KindInternal
// after the others, and last the generic ones. On a tie the first in err wins.
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
			if one := classify(err); one.rank() > found.rank() {
				found = one
			}
		}
	}
	return found
}

// rank returns the precedence of e in Classify; e may be nil.
func (e *Error) rank() int {
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
