package policyqueue

import (
	"context"
	"fmt"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An expansion is the state of one running Expand. NATS callbacks put updates into its
// queue, which is unbounded, so that they never wait for a slow caller of Expand.
type expansion struct {
	jobs   []*job         // guarded by registry.mu until all are published, constant afterwards
	left   int            // children that are not yielded; only Expand uses it
	wasted reasoning.Cost // that is in no child that was yielded; only Expand uses it
	waits  error          // why an attempt was refused after the last child; only Expand uses it
	ready  trigger        // signalled after each update

	mu      sync.Mutex
	updates []update
}

// An update is a start, an error, the reason of a refusal, a cost that was wasted or, if those
// are nil, a child.
type update struct {
	start   *policy.Start
	first   bool // start is of the job's first attempt
	err     error
	waiting error
	wasted  *reasoning.Cost
	child   policy.Child
}

func newExpansion(children int) *expansion {
	return &expansion{left: children, ready: newTrigger()}
}

// put appends an update. It does not block.
func (e *expansion) put(u update) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.updates = append(e.updates, u)
	e.ready.signal()
}

// rest returns what is wasted if no child is yielded any more: children that have come are cancelled.
func (e *expansion) rest() reasoning.Cost {
	wasted := e.wasted
	for _, u := range e.take() {
		wasted = wasted.Add(u.child.Cost().EndedBy(context.Canceled))
		if u.wasted != nil {
			wasted = wasted.Add(*u.wasted)
		}
	}
	return wasted
}

// take removes and returns all updates, in order.
func (e *expansion) take() []update {
	e.mu.Lock()
	defer e.mu.Unlock()
	updates := e.updates
	e.updates = nil
	return updates
}

// ended returns the error of a context that has ended, with what the expansion waited for.
func (e *expansion) ended(err error) error {
	if e.waits == nil {
		return err
	}
	return fmt.Errorf("%w while it waited for an engine: %v", err, e.waits)
}
