package policyqueue

import "sync"

// A reservation is a number of slots that a pull or its attempt uses.
type reservation struct {
	slots *slots

	mu sync.Mutex
	n  int
}

// shrink releases all slots but n.
func (r *reservation) shrink(n int) {
	r.mu.Lock()
	released := r.n - n
	if released > 0 {
		r.n = n
	}
	r.mu.Unlock()
	if released > 0 {
		r.slots.release(released)
		r.slots.freed()
	}
}

// size returns the number of reserved slots.
func (r *reservation) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}
