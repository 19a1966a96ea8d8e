package rpcerr

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A mapping is the gRPC form of one kind of error.
type mapping struct {
	kind    reasoning.Kind
	code    codes.Code
	generic error         // the error for a status of this code without a reason; nil: none
	retry   time.Duration // delay in the RetryInfo of generic; 0: no RetryInfo
}

// table has one mapping for each kind; the first is that of errors without a kind.
var table = []mapping{
	{kind: reasoning.KindInternal, code: codes.Internal},
	{kind: reasoning.KindCancelled, code: codes.Canceled, generic: context.Canceled},
	{kind: reasoning.KindDeadline, code: codes.DeadlineExceeded, generic: context.DeadlineExceeded},
	{kind: reasoning.KindInvalid, code: codes.InvalidArgument, generic: reasoning.ErrInvalid},
	{kind: reasoning.KindPrecondition, code: codes.FailedPrecondition},
	{kind: reasoning.KindNotFound, code: codes.NotFound},
	{kind: reasoning.KindExists, code: codes.AlreadyExists},
	{reasoning.KindExhausted, codes.ResourceExhausted, reasoning.ErrOverloaded, 2 * time.Second},
	{reasoning.KindUnavailable, codes.Unavailable, reasoning.ErrUnavailable, time.Second},
}

// reason returns the reason of m.generic, "" if there is none.
func (m mapping) reason() string {
	if m.generic == nil {
		return ""
	}
	return reasoning.Classify(m.generic).Reason()
}

// delay returns the delay in the RetryInfo of an error with this mapping and reason; 0: no
// RetryInfo. A delay that the error advises and that equals m.retry is a nanosecond longer:
// the receiver takes m.retry for no advice of the error's own.
func (m mapping) delay(err error, reason string) time.Duration {
	advised := reasoning.Delay(err)
	switch {
	case m.retry == 0 || reason != m.reason():
		return 0
	case advised == m.retry:
		return advised + 1
	case advised > 0:
		return advised
	}
	return m.retry
}

// withDelay returns a received error with the delay that its sender advised, if any.
func withDelay(err error, code codes.Code, delay time.Duration) error {
	i := slices.IndexFunc(table, func(m mapping) bool { return m.code == code })
	if err == nil || i < 0 || delay == table[i].retry {
		return err
	}
	return reasoning.WithDelay(err, delay)
}

// unclassified is the reason of errors without a kind.
const unclassified = "INTERNAL"

// lookup returns the mapping of an error and its reason.
func lookup(err error) (mapping, string) {
	e := reasoning.Classify(err)
	if e == nil {
		return table[0], unclassified
	}
	i := slices.IndexFunc(table, func(m mapping) bool { return m.kind == e.Kind() })
	return table[i], e.Reason()
}

// domainError returns the error that a code and a reason name, nil if there is none.
// Without a reason it is the generic error of the code. With a field it also is the
// *reasoning.InvalidError of the field.
func domainError(code codes.Code, reason, field, rule string) error {
	i := slices.IndexFunc(table, func(m mapping) bool { return m.code == code })
	if i < 0 || reason == unclassified {
		return nil
	}
	switch m := table[i]; {
	case reason != "" && reason != m.reason():
		e := reasoning.NewError(m.kind, reason, reason)
		if field != "" {
			return reasoning.Mark(&reasoning.InvalidError{Field: field, Rule: rule}, e)
		}
		return e
	case m.kind == reasoning.KindInvalid && field != "":
		return &reasoning.InvalidError{Field: field, Rule: rule}
	default:
		return m.generic
	}
}
