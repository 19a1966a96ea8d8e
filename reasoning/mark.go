package reasoning

// Mark returns an error that wraps both err and e and has the text of err alone, where
// that text describes the failure and e is needed only to classify it.
func Mark(err error, e *Error) error { return &marked{err, e} }

type marked struct {
	error
	mark *Error
}

func (m *marked) Unwrap() []error { return []error{m.mark, m.error} }
