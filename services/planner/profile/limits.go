package profile

import (
	"fmt"
	"time"
)

// Limits bound what a search may cost: N the mean over problems, the others each problem.
// 0 means no limit.
type Limits struct {
	N        int     // budget in whole samples
	Tokens   int64   // generated
	Verifier int64   // tokens that the verifier processes
	FLOPs    float64 // of both
	Time     time.Duration
}

// allow reports whether the mean costs of an arm are within all limits but N, and the models can
// run it. An arm whose time was not measured is within every limit of time.
func (l Limits) allow(a Arm) bool { return l.exceeded(a) == "" }

// exceeded names the first limit that the mean costs of an arm exceed, "" if there is none.
func (l Limits) exceeded(a Arm) string {
	switch {
	case a.lacks != "":
		return "the models cannot run it: " + a.lacks
	case l.Tokens != 0 && a.Generated > float64(l.Tokens):
		return fmt.Sprintf("%.0f tokens, the limit is %d", a.Generated, l.Tokens)
	case l.Verifier != 0 && a.Verifier > float64(l.Verifier):
		return fmt.Sprintf("%.0f verifier tokens, the limit is %d", a.Verifier, l.Verifier)
	case l.FLOPs != 0 && a.FLOPs > l.FLOPs:
		return fmt.Sprintf("%.2g FLOPs, the limit is %.2g", a.FLOPs, l.FLOPs)
	case l.Time != 0 && a.Seconds > l.Time.Seconds():
		return fmt.Sprintf("%.1f s, the limit is %.1f s", a.Seconds, l.Time.Seconds())
	}
	return ""
}
