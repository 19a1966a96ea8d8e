package policyqueue

import (
	"context"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A delivery sends an attempt's children to the client while more are written: one
// after the other, so that the client takes them in the order in which they came.
type delivery struct {
	children chan policy.Child
	done     chan struct{}

	// Written by run, to be read when it is done.
	missing     []int          // as the client replied last
	undelivered []policy.Child // finished, but perhaps not known to the client
	unwanted    bool           // the client wants none of those that are still written
	err         error
}

// newDelivery returns a delivery of n children, of these that are missing.
func newDelivery(n int, missing []int) *delivery {
	return &delivery{children: make(chan policy.Child, n), done: make(chan struct{}), missing: missing}
}

// run sends children until they end. If the client cannot be reached or wants no more
// it calls stop, and sends nothing after that.
func (d *delivery) run(ctx context.Context, r reporter, stop func()) {
	defer close(d.done)
	left := cap(d.children)
	for child := range d.children {
		if d.err != nil || d.unwanted {
			d.undelivered = append(d.undelivered, child)
			continue
		}
		left--
		var missing []int
		if missing, d.err = r.deliver(ctx, child); d.err != nil {
			d.undelivered = append(d.undelivered, child)
			stop()
			continue
		}
		d.missing = missing
		if len(missing) == 0 && left > 0 {
			d.unwanted = true
			stop()
		}
	}
}

// add adds a finished child. It does not block.
func (d *delivery) add(child policy.Child) { d.children <- child }

// end waits until all children that were added are sent or cannot be.
func (d *delivery) end() {
	close(d.children)
	<-d.done
}
