// Package wire holds pairs of inverse functions between the domain's types and the
// generated ones: XToProto and XFromProto. The services' rpc packages, the queue
// and the logs share them, so that a child looks the same on every road.
//
// ToProto takes values that are valid. FromProto trusts nobody: what the type
// system cannot say (an unknown enum, a negative count) is an error that names the
// field: of a request a *reasoning.InvalidError, of an answer an ErrMalformed. The
// other rules of requests are not checked here; call Validate.
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

func malformed(field, rule string, args ...any) error {
	return fmt.Errorf("%w: %s %s", ErrMalformed, field, fmt.Sprintf(rule, args...))
}

// count returns an error unless n, a count of something, is not negative.
func count[N int32 | int64](field string, n N) error {
	if n < 0 {
		return malformed(field, "must not be negative, is %d", n)
	}
	return nil
}

// duration is d, and 0 where it is absent.
func duration(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.Seconds < 0 || d.Nanos < 0 {
		return 0, malformed(field, "must be a duration of 0 or more")
	}
	return d.AsDuration(), nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// first error of those that may be nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
