package pocket

import (
	"context"
	"sync/atomic"
)

// job is an accepted request.
type job struct {
	ctx       context.Context
	request   Request
	ids       []int
	prefix    *prefix // set by prefill
	cached    int     // tokens that prefill took from the cache
	prefilled atomic.Bool
	generated atomic.Int64 // tokens of all children
	children  chan Child   // buffered: workers never block on a slow caller
	failed    chan error
}

// fail makes Generate return err. Only the first call has an effect.
func (p *job) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// usage returns the usage of a child. The first child carries the prompt's uncached tokens; for
// the others the prompt counts as cached.
func (p *job) usage(generated int, first bool) Usage {
	u := Usage{Prompt: len(p.ids), Cached: len(p.ids), Generated: generated}
	if first {
		u.Cached = p.cached
	}
	return u
}
