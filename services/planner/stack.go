package planner

import (
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// mesh is a policy and a verifier side by side: a search's backend without decorators.
type mesh struct {
	policy.Policy
	verifier.Verifier
}

// A stack is the backend of one search, with those of its decorators that the planner
// talks to.
type stack struct {
	search.Backend
	memo  *backend.Memoed
	meter *backend.Metered
}

// noStoreBytes bounds the memory of results that a search keeps for itself alone.
const noStoreBytes = 64 << 20

// stack returns the backend of a search for a request. This is the only place that says
// in which order decorators stand, from the models outwards; r is nil if nothing is to be
// traced or told to clients.
//
//	mesh    the policy and the verifier
//	Retry   next to them, so that nothing above sees a failure that another attempt mends
//	notice  around Retry: one notice a search, however many calls are tried again
//	trace   below the memo: what is recorded takes no time and is no step
//	Memo    records a result before anything above sees it
//	Meter   around the memo, so that a search that is replayed costs the same and meets
//	        its budget at the same place
//	Think   outermost: each part of a child is a request of its own, which is billed,
//	        recorded and traced
func (p *Planner) stack(request Request, m models, r *run) stack {
	b := backend.Retry(mesh{p.cfg.Policy, p.cfg.Verifier}, backend.Backoff{})
	if r != nil {
		b = r.trace.Backend(&retryNotice{Backend: b, run: r})
	}
	store := p.cfg.Store
	if request.NoStore {
		store = backend.NewMemory(noStoreBytes)
	}
	s := stack{memo: backend.Memo(b, store, m.identity(request.Tenant))}
	b = s.memo
	if p.cfg.Solo {
		b = backend.Solo(s.memo)
	}
	s.meter = backend.Meter(b, request.Budget, m.policy, m.rewardModelOrNone())
	s.Backend = s.meter
	if request.Thinking != nil {
		s.Backend = backend.Think(s.meter, *request.Thinking, m.format)
	}
	return s
}
