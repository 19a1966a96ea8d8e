package state

// A State is the progress of a search.
type State int

const (
	StateQueued    State = iota + 1 // accepted; no worker has taken any of its jobs yet
	StateRunning                    // estimating or searching
	StateSucceeded                  // ended with an answer, which may come from a part of the search
	StateFailed                     // ended without an answer
	StateCancelled                  // ended by a client
)

// Ended reports whether the search has ended, so that it no longer changes.
func (s State) Ended() bool { return s >= StateSucceeded }

func (s State) String() string {
	return nameOf(s, "unknown", "queued", "running", "succeeded", "failed", "cancelled")
}

// nameOf returns the name of an enum's value, or names[0] for other values.
func nameOf[E ~int](value E, names ...string) string {
	if value < 0 || int(value) >= len(names) {
		return names[0]
	}
	return names[value]
}
