package policyqueue

import (
	"context"
	"errors"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A delivery sends the children of a round to the client while the Policy generates more.
// It sends one child at a time, so that the client takes them in the order in which they
// finished.
type delivery struct {
	children chan policy.Child
	done     chan struct{}

	// Written by run; constant after wait.
	missing     []int           // ordinals in the last reply
	undelivered []policy.Child  // finished children to which the client has not replied
	wasted      reasoning.Waste // by children that are too large to be sent
	unwanted    bool            // the client wants no more children
	err         error
}

// newDelivery returns a delivery of n children of a job with these missing children.
func newDelivery(n int, missing []int) *delivery {
	return &delivery{children: make(chan policy.Child, n), done: make(chan struct{}), missing: missing}
}

// run sends the children that are added, until wait. If the client does not reply or wants
// no more, run calls stop and sends no more children.
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
			if errors.Is(d.err, errTooLarge) {
				d.wasted = d.wasted.Add(reasoning.Waste{Failed: child.Usage})
			} else {
				d.undelivered = append(d.undelivered, child)
			}
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

// wait blocks until run has handled all children. No more may be added.
func (d *delivery) wait() {
	close(d.children)
	<-d.done
}
