// Package world holds what a planner wraps around the mesh before a search sees
// it. Each decorator takes a [search.World] and is one, so no strategy knows of any:
//
//	w := Memo(Retry(mesh, Backoff{}), store, identity) // results recorded once are not asked for again
//	w = Traced(Meter(w, budget, policy, judge), trace) // and a replay is billed like the first time
//
// All are safe for concurrent use. What they record lies in a [Store].
package world
