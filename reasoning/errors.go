package reasoning

import (
	"errors"
	"fmt"
)

// Errors that every service may return, wrapped. One table, in internal/rpcerr,
// turns them into gRPC codes and back. Any other error is a failure of the body.
var (
	ErrInvalid     = errors.New("invalid request")     // never worth a retry
	ErrUnavailable = errors.New("service unavailable") // worth a retry
	ErrOverloaded  = errors.New("service overloaded")  // worth a retry, later
)

// An InvalidError names the field of a request that breaks a rule, in the
// spelling of the proto. It is an ErrInvalid.
type InvalidError struct{ Field, Rule string }

// Invalid is an *InvalidError with a formatted rule.
func Invalid(field, rule string, args ...any) error {
	return &InvalidError{Field: field, Rule: fmt.Sprintf(rule, args...)}
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Rule) }

// Unwrap makes it an ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }
