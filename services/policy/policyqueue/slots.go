package policyqueue

import (
	"fmt"
	"sync"
)

// slots are the sequences that a worker's Policy may write at the same time. A pull
// reserves slots before it is sent, so pulls and attempts together never need more
// than there are.
type slots struct {
	total int
	freed func() // is called, without the lock, when slots get free

	mu   sync.Mutex
	free int
}

func newSlots(total int, freed func()) *slots { return &slots{total: total, freed: freed, free: total} }

// reserve reserves n slots, or none.
func (s *slots) reserve(n int) (*reservation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.free {
		return nil, false
	}
	s.free -= n
	return &reservation{slots: s, n: n}, true
}

// release frees n slots.
func (s *slots) release(n int) {
	s.mu.Lock()
	s.free += n
	bad := s.free > s.total
	s.mu.Unlock()
	if bad {
		panic(fmt.Sprintf("policyqueue: %d slots are released twice", n))
	}
}

// available returns how many slots are free.
func (s *slots) available() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}

// A reservation is a number of slots that are not free.
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

// size returns the number of slots.
func (r *reservation) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}
