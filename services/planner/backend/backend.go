// Package backend holds the decorators that a planner wraps around policy and verifier.
// Each takes a [search.Backend] and is one, so that strategies do not depend on them:
//
//	b := Memo(Retry(mesh, Backoff{}), store, identity) // recorded results are reused,
//	b = Meter(b, budget, policy, rewardModel)          // and billed as if they were new
//	b = Think(b, thinking, format)                     // each part of a child is a request
//
// Package plannertrace has the decorator for traces, which stands between Memo and Retry
// because recorded results take no time. All decorators are safe for concurrent use.
package backend
