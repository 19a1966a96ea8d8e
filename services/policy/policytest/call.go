package policytest

import (
	"errors"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A Call records one call of Expand.
type Call struct {
	Request  policy.Request
	Deadline time.Time // of the call's context; zero for none
	Yielded  []int     // ordinals of the children that the caller received
	Ended    bool
	Err      error // once Ended: nil if all children were yielded
}

// ErrStoppedEarly is the Err of a Call whose caller stopped the iteration before its
// end.
var ErrStoppedEarly = errors.New("caller stopped the iteration early")
