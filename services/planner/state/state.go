package state

// A State is how far a search has come.
type State int

const (
	StateQueued    State = iota + 1 // accepted; no worker has taken any of its jobs yet
	StateRunning                    // under way
	StateSucceeded                  // ended with an answer, perhaps a partial one
	StateFailed                     // ended without an answer
	StateCancelled                  // ended by a client
)

// Ended reports whether nothing more will change.
func (s State) Ended() bool { return s >= StateSucceeded }

func (s State) String() string {
	return nameOf(s, "unknown", "queued", "running", "succeeded", "failed", "cancelled")
}

// nameOf returns the name of an enum's value, which is names[0] for those it has not.
func nameOf[E ~int](value E, names ...string) string {
	if value < 0 || int(value) >= len(names) {
		return names[0]
	}
	return names[value]
}
