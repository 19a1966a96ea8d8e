package planner

import (
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A pair is a policy and a verifier, nil if there is none: the backend of a search without
// decorators.
type pair struct {
	policy.Policy
	verifier.Verifier
}

// A stack is the backend of one search, together with the decorators that the planner
// calls.
type stack struct {
	search.Backend
	memo    *backend.Memoed
	journal *backend.Journaled // nil: the search does not outlive its planner
	meter   *backend.Metered
}

// noStoreBytes bounds the memory for the recorded results of a search with NoStore.
const noStoreBytes = 64 << 20

// stack returns the backend of a search for a request. It alone defines the order of the
// decorators, from the models outwards. If r is nil, there are no traces and no notices.
//
//	pair    the policy and the verifier
//	Retry   next to the models, so that no decorator above gets an error that a retry avoids
//	notice  one notice per search, when a worker begins another attempt at a job; it is not
//	        called for what Retry repeats
//	trace   below the memo, because recorded results take no time
//	Memo    records a result before a decorator above gets it
//	Journal around the memo, if the search outlives its planner: it records what the memo recalls, too
//	Solo    with Config.Solo, around the memo: it replaces the usage that the memo recorded
//	Meter   around the memo, so that a replayed search costs the same and reaches its
//	        budget at the same place
//	Think   outermost, so that each part of a child is billed, recorded and traced as a
//	        request
func (p *Planner) stack(request Request, m models, r *run) stack {
	var backoff backend.Backoff
	if r != nil {
		backoff.Waiting, backoff.Retried = r.noticeWaiting, r.trace.Retried
	}
	b := backend.Retry(pair{p.cfg.Policy, p.cfg.Verifier}, backoff)
	if r != nil {
		b = r.trace.Backend(&retryNotice{Backend: b, run: r})
	}
	store := p.cfg.Store
	if request.NoStore {
		store = backend.NewMemory(noStoreBytes)
	}
	s := stack{memo: backend.Memo(b, store, m.identity(request.Tenant))}
	if r != nil {
		s.memo.Unrecorded, s.memo.Looked = r.noticeUnrecorded, r.trace.Looked
	}
	b = s.memo
	switch {
	case p.cfg.Solo:
		b = backend.Solo(s.memo)
	case r != nil && r.live.recording != nil:
		s.journal = r.journal(s.memo)
		b = s.journal
	}
	s.meterAndThink(b, request, m)
	return s
}

// meterAndThink sets the outer decorators, which surround those that get answers from a record.
func (s *stack) meterAndThink(b search.Backend, request Request, m models) {
	s.meter = backend.Meter(b, request.Budget, m.policy.Model, m.rewardModelOrNone())
	s.Backend = s.meter
	if request.Thinking != nil {
		s.Backend = backend.Think(s.meter, *request.Thinking, m.format)
	}
}
