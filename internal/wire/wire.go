// Package wire holds what the messages of all services share: pairs of inverse
// functions between the nouns of package reasoning and their generated types,
// XToProto and XFromProto, checks of what comes in, and the trace context of a message.
// The functions of a service's own types are in policywire, verifierrpc and
// difficultyrpc.
//
// ToProto takes values that are valid. FromProto checks what the type system cannot
// say (an unknown enum, a negative count) and returns an error that names the field:
// of a request a *reasoning.InvalidError, of an answer an ErrMalformed. The other
// rules of requests are not checked here; call Validate.
package wire

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/reasoning"
)

// ErrMalformed is an answer that breaks the contract of its service.
var ErrMalformed = reasoning.NewError(reasoning.KindInternal, "MALFORMED_ANSWER", "malformed answer")

// Malformed returns an ErrMalformed that names a field and the rule that it breaks.
func Malformed(field, rule string, args ...any) error {
	return fmt.Errorf("%w: %s %s", ErrMalformed, field, fmt.Sprintf(rule, args...))
}

// Count returns an ErrMalformed if n, a count of something, is negative.
func Count[N int32 | int64](field string, n N) error {
	if n < 0 {
		return Malformed(field, "must not be negative, is %d", n)
	}
	return nil
}

// Duration returns d, 0 where it is absent, and an ErrMalformed if it is negative.
func Duration(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.Seconds < 0 || d.Nanos < 0 {
		return 0, Malformed(field, "must be a duration of 0 or more")
	}
	return d.AsDuration(), nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
