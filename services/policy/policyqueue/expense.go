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
// report. What the attempt of an open expense has reported when its job ends is billed as lost; what it
// reports afterwards is billed late.
type expense struct {
	request  *policy.Request
	missing  int              // children that the attempt may be generating
	arrived  map[int]struct{} // ordinals of the children that have come
	received reasoning.Usage  // of these children
	spent    reasoning.Usage  // as the attempt has reported last, at least billed
	billed   reasoning.Usage  // of it: in children, and as wasted
	final    bool             // the final report has come
	lost     bool             // what was reported is billed as lost: the rest is billed late
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
	if x.billed.Generated > x.spent.Generated { // reported by a worker of an earlier release
		x.spent = x.billed
	}
}

// open reports whether the attempt may have spent, or may yet spend, what it has not reported.
func (x *expense) open() bool { return x.missing > 0 && !x.final }

// due bills what the attempt has reported and is not billed yet, and returns it.
func (x *expense) due() reasoning.Usage {
	due := x.spent.Minus(x.billed)
	x.billed = x.billed.Add(due)
	return due
}

// late bills a result that comes after the attempt's job has ended, and returns what of it was
// not billed before.
func (x *expense) late(r protocol.Result) reasoning.Usage {
	x.hear(r)
	unreported := r.Spent == (reasoning.Usage{}) // by a worker of an earlier release
	switch e := r.Event.(type) {
	case protocol.Child:
		child, err := x.request.Check(e.Child)
		if again := x.arrive(child); unreported && !again && err == nil {
			x.bill(child.Usage)
			return child.Usage
		}
	case protocol.Stopped:
		x.final = true
		if wasted := reasoning.Wasted(e.Wasted); unreported && x.request.CheckWaste(wasted) == nil {
			x.bill(wasted.Usage)
			return wasted.Usage
		}
	}
	return x.due()
}

// unknown returns the most tokens that the unfinished children of an open expense may have had
// beyond what the attempt has reported.
func (x *expense) unknown() int64 {
	if !x.open() {
		return 0
	}
	return max(0, int64(x.missing)*int64(x.request.Sampling.MaxTokens)-x.spent.Minus(x.received).Generated)
}
