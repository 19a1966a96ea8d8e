package policyqueue

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// silence is the time without a heartbeat after which a client no longer waits for an attempt.
const silence = 3 * heartbeatEvery

// An expense is what a client knows of the cost of one attempt at a job. It is open until the
// attempt has nothing more to report: then all that it has spent is in children or in its final
// report. What an open expense has told when its job ends is billed as lost; what the attempt
// still tells afterwards is billed late.
type expense struct {
	request  *policy.Request
	missing  int              // children that the attempt may be generating
	arrived  map[int]struct{} // ordinals of the children that have come
	received reasoning.Usage  // of these children
	spent    reasoning.Usage  // as the attempt has told last, at least billed
	billed   reasoning.Usage  // of it: in children, and as wasted
	reported bool             // the final report has come
	lost     bool             // what was told is billed as lost: the rest is billed late
	heard    time.Time        // when the last result came
}

// hear notes a result of the attempt. It ignores an amount that the attempt cannot have spent.
func (x *expense) hear(r protocol.Result) {
	x.heard = time.Now()
	if r.Spent.Generated >= x.spent.Generated && x.request.CheckWaste(lost(r.Spent)) == nil {
		x.spent = r.Spent
	}
}

// lost returns the cost of results that did not arrive.
func lost(u reasoning.Usage) reasoning.Cost { return reasoning.Wasted(reasoning.Waste{Lost: u}) }

// arrive notes a child of the attempt. It reports whether the child has come before: a worker
// sends a child again until it has the reply.
func (x *expense) arrive(c policy.Child) (again bool) {
	if _, again = x.arrived[c.Ordinal]; again {
		return true
	}
	x.arrived[c.Ordinal] = struct{}{}
	x.missing = max(0, x.missing-1)
	x.received = x.received.Add(c.Usage)
	return false
}

// bill notes that an amount is billed.
func (x *expense) bill(u reasoning.Usage) {
	x.billed = x.billed.Add(u)
	if x.billed.Generated > x.spent.Generated { // told by a worker of an earlier release
		x.spent = x.billed
	}
}

// open reports whether the attempt may have spent, or may yet spend, what it has not told.
func (x *expense) open() bool { return x.missing > 0 && !x.reported }

// due bills what the attempt has told and is not billed yet, and returns it.
func (x *expense) due() reasoning.Usage {
	due := x.spent.Minus(x.billed)
	x.billed = x.billed.Add(due)
	return due
}

// late bills a result that comes after the attempt's job has ended, and returns what of it was
// not billed before.
func (x *expense) late(r protocol.Result) reasoning.Usage {
	x.hear(r)
	untold := r.Spent == (reasoning.Usage{}) // by a worker of an earlier release
	switch e := r.Event.(type) {
	case protocol.Child:
		child, err := x.request.Check(e.Child)
		if again := x.arrive(child); untold && !again && err == nil {
			x.bill(child.Usage)
			return child.Usage
		}
	case protocol.Stopped:
		x.reported = true
		if wasted := reasoning.Wasted(e.Wasted); untold && x.request.CheckWaste(wasted) == nil {
			x.bill(wasted.Usage)
			return wasted.Usage
		}
	}
	return x.due()
}

// unknown returns the most tokens that the unfinished children of an open expense may have had
// beyond what the attempt has told.
func (x *expense) unknown() int64 {
	if !x.open() {
		return 0
	}
	return max(0, int64(x.missing)*int64(x.request.Sampling.MaxTokens)-x.spent.Minus(x.received).Generated)
}
