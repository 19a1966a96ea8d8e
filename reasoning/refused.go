package reasoning

import "errors"

// A refused is an error of work that did not begin.
type refused struct{ error }

func (r *refused) Unwrap() error { return r.error }

// Refuse wraps err in an error with the same text which says that the service did not begin the
// work: it could not be reached, or it answered that it is loading or busy.
func Refuse(err error) error {
	if err == nil {
		return nil
	}
	return &refused{err}
}

// Refused reports whether the service did not begin the work that failed with err, and may begin
// it later: err is transient, and was wrapped by Refuse or is ErrOverloaded.
func Refused(err error) bool {
	var r *refused
	return Transient(err) && (errors.As(err, &r) || errors.Is(err, ErrOverloaded))
}
