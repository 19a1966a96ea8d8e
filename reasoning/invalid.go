package reasoning

import "fmt"

// An InvalidError names the field of a request that breaks a rule, as the proto spells
// the field. It wraps ErrInvalid.
type InvalidError struct{ Field, Rule string }

// Invalid returns an *InvalidError with a formatted rule.
func Invalid(field, rule string, args ...any) error {
	return &InvalidError{Field: field, Rule: fmt.Sprintf(rule, args...)}
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Rule) }

// Unwrap returns ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }
