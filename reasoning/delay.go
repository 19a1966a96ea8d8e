package reasoning

import (
	"errors"
	"time"
)

// A delayed is an error with advice on when to try again.
type delayed struct {
	error
	delay time.Duration
}

func (d *delayed) Unwrap() error { return d.error }

// WithDelay wraps err in an error with the same text that advises callers to wait for delay
// before another attempt. If delay is not positive, it returns err.
func WithDelay(err error, delay time.Duration) error {
	if err == nil || delay <= 0 {
		return err
	}
	return &delayed{err, delay}
}

// Delay returns how long err advises callers to wait before another attempt, 0 if it
// gives no advice.
func Delay(err error) time.Duration {
	var d *delayed
	if errors.As(err, &d) {
		return d.delay
	}
	return 0
}

// Transient reports whether another attempt at what failed with err may succeed later: the
// service is overloaded or cannot be reached.
func Transient(err error) bool {
	e := Classify(err)
	return e != nil && (e.Is(ErrOverloaded) || e.Is(ErrUnavailable))
}

// Permanent reports whether another attempt fails too, until a person changes the request
// or the service.
func Permanent(err error) bool {
	e := Classify(err)
	return e != nil && (e.kind == KindInvalid || e.kind == KindPrecondition)
}
