package serve

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	pollEvery   = 2 * time.Second // between two checks of a dependency
	pollTimeout = time.Second     // of one check
)

// A Check tests whether a dependency can be used.
type Check struct {
	Name string // with its address: "NATS at nats://127.0.0.1:4222"
	Do   func(ctx context.Context) error
	// Optional dependencies do not make a service unready: without them it serves in
	// degraded mode, and names them.
	Optional bool
}

// An outage is a dependency that cannot be used, and the reason.
type outage struct{ name, reason string }

func (o outage) String() string { return o.name + ": " + o.reason }

// outages runs all checks concurrently and returns those that failed, in order.
func outages(ctx context.Context, checks []Check) (missing, optional []outage) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	errs := make([]error, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { errs[i] = c.Do(ctx) })
	}
	running.Wait()
	for i, c := range checks {
		switch {
		case errs[i] == nil:
		case c.Optional:
			optional = append(optional, outage{c.Name, fmt.Sprint(errs[i])})
		default:
			missing = append(missing, outage{c.Name, fmt.Sprint(errs[i])})
		}
	}
	return missing, optional
}
