// Package backend holds what a planner wraps around the mesh before a search sees
// it. Each decorator takes a [search.Backend] and is one, so no strategy knows of any:
//
//	w := Memo(Retry(mesh, Backoff{}), store, identity) // what is recorded is not asked for again,
//	w = Meter(w, budget, policy, judge)                // and is billed like the first time
//	w = Think(w, thinking, format)                     // each part of a child is a request of its own
//
// Traces come between Memo and Retry, from package telemetry: what is recorded is
// no step. All are safe for concurrent use.
package backend
