package reasoning

import "fmt"

// An InvalidError names the field that breaks a rule: a field of a request as the proto
// spells it, a flag, or a key of a file. It wraps ErrInvalid.
type InvalidError struct{ Field, Rule string }

// Invalid returns an *InvalidError with a formatted rule.
func Invalid(field, rule string, args ...any) error {
	return &InvalidError{Field: field, Rule: fmt.Sprintf(rule, args...)}
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Rule) }

// Unwrap returns ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }
