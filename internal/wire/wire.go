// Package wire converts the types of package reasoning to and from the messages that all
// services share, by pairs of inverse functions, XToProto and XFromProto. It also carries
// the trace context of a message. The functions of a service's own types are in
// policywire, verifierrpc and difficultyrpc.
//
// ToProto functions expect valid values. FromProto functions check what protobuf types do
// not express (an unknown enum value, a negative count) and return an error that names the
// field: a *reasoning.InvalidError for a request, ErrMalformed for a response. They do not
// check the other rules of requests; call Validate.
package wire

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/reasoning"
)

// ErrMalformed indicates a response that breaks the contract of its service.
var ErrMalformed = reasoning.NewError(reasoning.KindInternal, "MALFORMED_ANSWER", "malformed response")

// Malformed returns an ErrMalformed that names a field and the rule that the field breaks.
func Malformed(field, rule string, args ...any) error {
	return fmt.Errorf("%w: %s %s", ErrMalformed, field, fmt.Sprintf(rule, args...))
}

// Count returns an ErrMalformed if n, a count, is negative.
func Count[N int32 | int64](field string, n N) error {
	if n < 0 {
		return Malformed(field, "must not be negative, is %d", n)
	}
	return nil
}

// Duration returns d, or 0 if d is absent. It returns an ErrMalformed if d is negative.
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
