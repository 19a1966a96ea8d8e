package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

const (
	pollEvery   = 2 * time.Second // between two checks of a dependency
	pollTimeout = time.Second     // of one check
)

// A Need says when a service that lacks a dependency is not ready. Readiness is about this
// process, because a service that is not ready gets no requests: a dependency that all
// replicas share takes all of them out at once, and with them the requests that do not need
// it, such as reads of searches.
type Need int

const (
	NeedAlways  Need = iota // of this process alone, such as its engine: another replica may have it
	NeedAtStart             // until the service was ready once; later it is reported as missing
	NeedNever               // the service serves in degraded mode, and names what it is without
)

// A Check tests whether a dependency can be used.
type Check struct {
	Name string // with its address: "NATS at nats://127.0.0.1:4222"
	Do   func(ctx context.Context) error
	Need Need
}

// An outage is a dependency that cannot be used, and the reason.
type outage struct {
	name, reason string
	need         Need
	final        bool // does not end by itself: a setting is wrong, of this process or of the dependency
}

func (o outage) String() string { return o.name + ": " + o.reason }

// outages runs all checks concurrently and returns those that failed, in order.
func outages(ctx context.Context, checks []Check) []outage {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	errs := make([]error, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { errs[i] = c.Do(ctx) })
	}
	running.Wait()
	var failed []outage
	for i, c := range checks {
		if errs[i] != nil {
			failed = append(failed, outage{c.Name, fmt.Sprint(errs[i]), c.Need, final(errs[i])})
		}
	}
	return failed
}

// final reports whether err, of a check, does not end by itself, such as that of a wrong API key.
func final(err error) bool {
	var kind interface{ Kind() reasoning.Kind }
	return errors.As(err, &kind) && (kind.Kind() == reasoning.KindPrecondition || kind.Kind() == reasoning.KindInvalid)
}
